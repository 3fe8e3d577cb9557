//go:build unix

// Package pgtest starts a PostgreSQL server for tests: Debian's programs, with a cluster and a socket in a temporary
// folder. The first test that needs it starts the server, which ends with the process of the tests, also if that is killed.
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Database creates a database and returns its URL. Without PostgreSQL it skips the test, or fails it if CI=true.
func Database(tb testing.TB) string {
	tb.Helper()
	c, err := start()
	switch {
	case errors.Is(err, errMissing) && os.Getenv("CI") != "true":
		tb.Skipf("not run: %v", err)
	case err != nil:
		tb.Fatal(err)
	}
	name := fmt.Sprintf("test%d", c.databases.Add(1))
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		tb.Fatal(err)
	}
	return c.url(name)
}

// Installed reports whether PostgreSQL is installed.
func Installed() bool {
	_, _, err := programs()
	return err == nil
}

var errMissing = errors.New("PostgreSQL (initdb, postgres) is not installed")

// A cluster is a running server.
type cluster struct {
	dir       string
	end       *os.File // the server runs while this is open
	databases atomic.Int64
}

func (c *cluster) url(database string) string {
	return "postgres://signalbox@/" + database + "?host=" + c.dir
}

var start = sync.OnceValues(func() (*cluster, error) {
	initdb, postgres, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "signalbox-pg")
	if err != nil {
		return nil, err
	}
	as, err := owner(dir)
	if err != nil {
		return nil, err
	}
	// The input of the shell ends with this process. Then the shell stops the server and removes the folder. The server, which
	// no test kills, writes nothing through to the disk (-N, -F).
	const script = `
		"$1" -D "$3/data" -U signalbox -A trust -E UTF8 --locale=C -N >"$3/log" 2>&1 || exit
		"$2" -D "$3/data" -k "$3" -F -c listen_addresses= >>"$3/log" 2>&1 &
		read -r _
		kill -INT $!
		wait
		rm -rf "$3"`
	cmd := exec.Command("sh", "-c", script, "sh", initdb, postgres, dir) //nolint:gosec // no input from outside
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true} // ctrl+c interrupts the tests, not the server
	in, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdin = in
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	_ = in.Close() // the shell has it
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	c := &cluster{dir: dir, end: out}
	return c, c.answers(ended)
})

// answers waits until the server accepts connections.
func (c *cluster) answers(ended <-chan error) error {
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case exit := <-ended:
			log, _ := os.ReadFile(filepath.Join(c.dir, "log")) // without it the message is only shorter
			return fmt.Errorf("pgtest: the server has ended: %w\n%s", exit, log)
		case <-ctx.Done():
			return fmt.Errorf("pgtest: the server does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// programs returns the paths of initdb and postgres, from PATH or from Debian's folder.
func programs() (initdb, postgres string, err error) {
	found := func(name string) string {
		if file, err := exec.LookPath(name); err == nil {
			return file
		}
		files, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
		if len(files) == 0 {
			return ""
		}
		return files[len(files)-1]
	}
	if initdb, postgres = found("initdb"), found("postgres"); initdb == "" || postgres == "" {
		return "", "", errMissing
	}
	return initdb, postgres, nil
}

// owner returns the user that runs the server, and makes that user the owner of the folder. It is nil, the user that runs
// the tests, except for root, as whom the server refuses to run.
func owner(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, int(uid), int(gid))
}
