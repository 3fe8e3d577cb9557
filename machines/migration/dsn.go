package migration

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"signalbox/machines"
)

// A DSN is the address of a store. The zero value is none.
type DSN struct {
	dialect *dialect
	text    string // the name of the file, or the URL
}

// ParseDSN parses FILE, sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE. Errors do not show the password.
func ParseDSN(text string) (DSN, error) {
	scheme, rest, found := strings.Cut(text, ":")
	switch {
	case strings.TrimSpace(text) == "":
		return DSN{}, errors.New("a store is FILE, sqlite:FILE or postgres://…, not nothing")
	case found && (scheme == "postgres" || scheme == "postgresql"):
		if _, err := pgx.ParseConfig(text); err != nil {
			return DSN{}, err // pgx leaves the password out
		}
		return DSN{postgres, text}, nil
	case found && scheme == "sqlite" && rest != "":
		return DSN{sqlite, rest}, nil
	case found && strings.HasPrefix(rest, "//") || scheme == "sqlite" && found:
		return DSN{}, fmt.Errorf("%s: a store is FILE, sqlite:FILE or postgres://…", redacted(text))
	}
	return DSN{sqlite, text}, nil
}

// String returns the DSN with xxxxx in place of the password.
func (d DSN) String() string { return redacted(d.text) }

func redacted(text string) string {
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}

// A Plan says what to move from where to where.
type Plan struct {
	Source, Target DSN
	Rows           int64  // entries that the source should have; missing ones are made. 0: none
	Folder         string // the temporary folder that was made for unnamed stores; "" if none was
}

const (
	sourceFile = "source.db"
	targetFile = "target.db"
)

// plan makes a plan from the flags of the command line. A source that is not named has the given number of rows. The error
// joins all that is wrong with the flags, such as a folder that does not exist.
func plan(s machines.Settings, rows int64) (Plan, error) {
	var p Plan
	var faults []error
	read := func(flag, text string) (d DSN) {
		if text == "" {
			return d
		}
		d, err := ParseDSN(text)
		if err != nil {
			faults = append(faults, fmt.Errorf("--%s: %w", flag, err))
		}
		return d
	}
	p.Source, p.Target = read("source", s.Source), read("target", s.Target)
	switch {
	case s.Rows != nil && *s.Rows < 0:
		faults = append(faults, fmt.Errorf("--rows %d: a number of rows is 0 or more", *s.Rows))
	case s.Rows != nil:
		p.Rows = *s.Rows
	case s.Source == "":
		p.Rows = rows
	}
	if p.Source.dialect == sqlite && p.Rows == 0 {
		if _, err := os.Stat(p.Source.text); err != nil {
			faults = append(faults, fmt.Errorf("--source: %w; --rows N makes one", err))
		}
	}
	if p.Source.text != "" && p.Source == p.Target {
		faults = append(faults, fmt.Errorf("--target: %v is the source; name another store", p.Target))
	}
	for _, d := range []struct {
		flag string
		dsn  DSN
	}{{"source", p.Source}, {"target", p.Target}} {
		if d.dsn.dialect != sqlite {
			continue
		}
		if _, err := os.Stat(filepath.Dir(d.dsn.text)); err != nil {
			faults = append(faults, fmt.Errorf("--%s: %w", d.flag, err))
		}
	}
	return p, errors.Join(faults...)
}

// setDefaults names the stores that the flags do not name: SQLite files in the data folder, or in a new temporary folder if
// data is "".
func (p *Plan) setDefaults(data string) error {
	if p.Source.text != "" && p.Target.text != "" {
		return nil
	}
	if data == "" {
		var err error
		if data, err = os.MkdirTemp("", "signalbox-migration-"); err != nil {
			return err
		}
		p.Folder = data
	}
	if p.Source.text == "" {
		p.Source = DSN{sqlite, filepath.Join(data, sourceFile)}
	}
	if p.Target.text == "" {
		p.Target = DSN{sqlite, filepath.Join(data, targetFile)}
	}
	return nil
}
