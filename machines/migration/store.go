package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"signalbox/asl"
)

// A store is a database and its dialect: the common part of Source and Target.
type store struct {
	db      *sql.DB
	dialect *dialect
	role    string // "source" or "target", for messages
	// fault is called at each step of a transaction with the name of the step; its error counts as one of the database.
	// Only tests set it, to fail or to kill the process there.
	fault func(point string) error
}

// A dialect holds the differences between databases.
type dialect struct {
	// open opens the database with the address text. Fresh permits to create it.
	open func(text string, fresh bool) (*sql.DB, error)
	// source and target are statements that create missing tables and triggers.
	source, target []string
	forUpdate      string                // the end of a SELECT that locks the rows
	idList         string                // the condition that the column %s is in a list, a parameter
	argument       func(ids []int64) any // the list as the argument of that parameter
	parameter      func(n int) string    // the n-th parameter of a statement, from 1; nil: ?
	// classify returns the error name for an error of the database, "" for one that may pass and is worth a retry.
	classify func(error) string
}

// failure returns an error of the database as an *asl.Error. It returns nil for nil, and an *asl.Error as it is.
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
		name = ErrRefused // the source gets no payload here, so it was a constraint on states
	}
	return &asl.Error{Name: name, Cause: fmt.Sprintf("the %s: %s", s.role, oneLine(err))}
}

// oneLine returns the text of an error in one line; pgx writes several.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// transact calls f in a transaction and commits it, or rolls it back if f fails. Name is that of the transaction for fault.
// An error is an *asl.Error.
func (s *store) transact(ctx context.Context, name string, f func(*work) error) error {
	w := &work{store: s, ctx: ctx, name: name}
	err := w.reach("begins")
	if err == nil {
		w.tx, err = s.db.BeginTx(ctx, nil)
	}
	if err != nil {
		return s.failure(err)
	}
	defer func() { _ = w.tx.Rollback() }() // nothing is left to roll back after Commit
	if err = f(w); err == nil {
		err = w.reach("commits")
	}
	if err == nil {
		err = w.tx.Commit()
	}
	if err == nil {
		err = w.reach("committed")
	}
	return s.failure(err)
}

// work is a running transaction.
type work struct {
	store *store
	ctx   context.Context
	name  string
	tx    *sql.Tx
}

// reach calls fault, if set, with the name of a step, such as "source take commits".
func (w *work) reach(point string) error {
	if w.store.fault == nil {
		return nil
	}
	return w.store.fault(w.store.role + " " + w.name + " " + point)
}

// exec runs a statement, with ? for its parameters, and returns the number of rows that it changed.
func (w *work) exec(statement string, args ...any) (int64, error) {
	if err := w.reach("executes"); err != nil {
		return 0, err
	}
	result, err := w.tx.ExecContext(w.ctx, w.store.statement(statement), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query runs a SELECT of id, payload and state, with ? for its parameters, and returns the entries.
func (w *work) query(statement string, args ...any) ([]Entry, error) {
	if err := w.reach("asks"); err != nil {
		return nil, err
	}
	return readEntries(w.tx.QueryContext(w.ctx, w.store.statement(statement), args...))
}

// readEntries reads and closes the rows of a query.
func readEntries(rows *sql.Rows, err error) ([]Entry, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err returns its error
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

// statement returns text with its parameters, ?, as the dialect writes them.
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

// idIn returns the condition that the id is one of ids, and its argument.
func (s *store) idIn(ids []int64) (condition string, argument any) {
	return fmt.Sprintf(s.dialect.idList, "id"), s.dialect.argument(ids)
}

// openStore opens a database and runs the statements of schema in one transaction. The error is for the user.
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

// Close closes the database.
func (s *store) Close() error { return s.db.Close() }
