package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"signalbox/asl"
)

// A store is what source and target have in common: a database, spoken to in its dialect.
type store struct {
	db      *sql.DB
	dialect *dialect
	role    string // "source" or "target", for messages
	// fault is asked at each step towards and beyond a commit, by its name; an error of it counts as the database's. Nil but
	// in tests, which break down and kill there.
	fault func(point string) error
}

// A dialect is what differs between databases.
type dialect struct {
	open func(text string, fresh bool) (*sql.DB, error)
	// source and target are the statements that make the tables where they are missing.
	source, target []string
	lock           string // behind a SELECT, to have the rows for oneself
	list           string // %s IN a list of numbers, which is the parameter
	argument       func(ids []int64) any
	parameter      func(n int) string
	// classify returns what the error of the database means: an error name, or "" where only asking again can tell.
	classify func(error) string
}

// failure is an error of a store as the definition gets it.
func (s *store) failure(err error) error {
	var known *asl.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	name := s.dialect.classify(err)
	if name == "" {
		name = ErrUnavailable
	}
	if name == ErrRejected && s.role == "source" {
		name = ErrRefused // the source gets no content from us: this is a constraint that says no
	}
	return &asl.Error{Name: name, Cause: fmt.Sprintf("the %s: %s", s.role, oneLine(err))}
}

// oneLine is the text of an error, which pgx spreads over several lines.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// transact does f in a transaction of its own.
func (s *store) transact(ctx context.Context, name string, f func(*work) error) error {
	w := &work{store: s, ctx: ctx, name: name}
	err := w.at("begins")
	if err == nil {
		w.tx, err = s.db.BeginTx(ctx, nil)
	}
	if err != nil {
		return s.failure(err)
	}
	defer func() { _ = w.tx.Rollback() }() // nothing is left to roll back after Commit
	if err = f(w); err == nil {
		err = w.at("commits")
	}
	if err == nil {
		err = w.tx.Commit()
	}
	if err == nil {
		err = w.at("committed")
	}
	return s.failure(err)
}

// work is a transaction under way.
type work struct {
	store *store
	ctx   context.Context
	name  string
	tx    *sql.Tx
}

func (w *work) at(point string) error {
	if w.store.fault == nil {
		return nil
	}
	return w.store.fault(w.store.role + " " + w.name + " " + point)
}

// exec runs a statement and returns how many rows it has changed. Its parameters are written as ?.
func (w *work) exec(statement string, args ...any) (int64, error) {
	if err := w.at("executes"); err != nil {
		return 0, err
	}
	result, err := w.tx.ExecContext(w.ctx, w.store.statement(statement), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query reads entries: id, payload, state.
func (w *work) query(statement string, args ...any) ([]Entry, error) {
	if err := w.at("asks"); err != nil {
		return nil, err
	}
	return readEntries(w.tx.QueryContext(w.ctx, w.store.statement(statement), args...))
}

func readEntries(rows *sql.Rows, err error) ([]Entry, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err has what there is to say
	var list []Entry
	for rows.Next() {
		var e Entry
		if err := rows.Scan(&e.ID, &e.Payload, &e.State); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// statement writes the parameters of a statement as the dialect does.
func (s *store) statement(text string) string {
	if s.dialect.parameter == nil {
		return text
	}
	var b strings.Builder
	n := 0
	for i := range len(text) {
		if text[i] != '?' {
			b.WriteByte(text[i])
			continue
		}
		n++
		b.WriteString(s.dialect.parameter(n))
	}
	return b.String()
}

// in writes "id is one of these" and its parameter.
func (s *store) in(ids []int64) (condition string, argument any) {
	return fmt.Sprintf(s.dialect.list, "id"), s.dialect.argument(ids)
}

func openStore(d DSN, role string, fresh bool, schema []string) (*store, error) {
	s := &store{dialect: d.dialect, role: role}
	var err error
	if s.db, err = d.dialect.open(d.text, fresh); err != nil {
		return nil, fmt.Errorf("migration: %s %v: %s", role, d, oneLine(err))
	}
	err = func() error {
		tx, err := s.db.Begin()
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // nothing is left to roll back after Commit
		for _, statement := range schema {
			if _, err := tx.Exec(statement); err != nil {
				return err
			}
		}
		return tx.Commit()
	}()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("migration: %s %v: %s", role, d, oneLine(err)), s.db.Close())
	}
	return s, nil
}

func (s *store) Close() error { return s.db.Close() }
