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

// A DSN says where a store is.
type DSN struct {
	dialect *dialect
	text    string // a file's name, or the URL
}

// ParseDSN reads FILE, sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE.
func ParseDSN(text string) (DSN, error) {
	scheme, rest, found := strings.Cut(text, ":")
	switch {
	case strings.TrimSpace(text) == "":
		return DSN{}, errors.New("a store is FILE, sqlite:FILE or postgres://…, not nothing")
	case found && (scheme == "postgres" || scheme == "postgresql"):
		if _, err := pgx.ParseConfig(text); err != nil {
			return DSN{}, err // it leaves the password out
		}
		return DSN{postgres, text}, nil
	case found && scheme == "sqlite" && rest != "":
		return DSN{sqlite, rest}, nil
	case found && strings.HasPrefix(rest, "//") || scheme == "sqlite" && found:
		return DSN{}, fmt.Errorf("%s: a store is FILE, sqlite:FILE or postgres://…", redacted(text))
	}
	return DSN{sqlite, text}, nil
}

// String returns the DSN for people, without a password.
func (d DSN) String() string { return redacted(d.text) }

func redacted(text string) string {
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}

// A Plan says what is to be moved where.
type Plan struct {
	Source, Target DSN
	Rows           int64  // up to how many entries are made in the source; 0: none
	Made           string // the folder made for both, because nothing was named; "": none was
}

const (
	sourceFile = "source.db"
	targetFile = "target.db"
)

// plan makes a plan of what was asked. A source that is not named is one of so many rows, in the run's folder or, if it has
// none, in a new one.
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

// settle names the stores that nobody has named.
func (p *Plan) settle(data string) error {
	if p.Source.text != "" && p.Target.text != "" {
		return nil
	}
	if data == "" {
		var err error
		if data, err = os.MkdirTemp("", "signalbox-migration-"); err != nil {
			return err
		}
		p.Made = data
	}
	if p.Source.text == "" {
		p.Source = DSN{sqlite, filepath.Join(data, sourceFile)}
	}
	if p.Target.text == "" {
		p.Target = DSN{sqlite, filepath.Join(data, targetFile)}
	}
	return nil
}
