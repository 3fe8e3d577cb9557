package services

import (
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// A store holds the items of all tables and the messages of all queues, in SQLite.
type store struct{ db *sql.DB }

var schema = []string{
	// Hash and range are the values of the key's attributes with their types, as in S:m1. Range is "" for keys of one
	// attribute.
	`CREATE TABLE IF NOT EXISTS items (
		"table" TEXT NOT NULL, hash TEXT NOT NULL, range TEXT NOT NULL, item TEXT NOT NULL,
		PRIMARY KEY ("table", hash, range)
	) STRICT`,
	`CREATE TABLE IF NOT EXISTS messages (
		number INTEGER PRIMARY KEY AUTOINCREMENT,
		queue TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, attributes TEXT NOT NULL, sent TEXT NOT NULL
	) STRICT`,
}

// openStore opens or creates the file; "" is a store in memory.
func openStore(file string) (*store, error) {
	source := ":memory:"
	if file != "" {
		full, err := filepath.Abs(file)
		if err != nil {
			return nil, err
		}
		source = (&url.URL{Scheme: "file", Path: full, RawQuery: url.Values{
			"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}, "_txlock": {"immediate"},
		}.Encode()}).String()
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // with :memory: each connection would have a database of its own
	for _, statement := range schema {
		if _, err := db.Exec(statement); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return &store{db}, nil
}

// An itemKey finds an item.
type itemKey struct{ table, hash, rang string }

// change reads an item and writes what f returns for it, in one transaction. The text of no item is "": f may get it, and
// deletes the item by it. If put is false nothing is written.
func (s *store) change(p itemKey, f func(old string) (item string, put bool)) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing is left to roll back after Commit
	var old string
	err = tx.QueryRow(`SELECT item FROM items WHERE "table" = ? AND hash = ? AND range = ?`, p.table, p.hash, p.rang).Scan(&old)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	item, put := f(old)
	switch {
	case !put:
		return nil
	case item == "":
		_, err = tx.Exec(`DELETE FROM items WHERE "table" = ? AND hash = ? AND range = ?`, p.table, p.hash, p.rang)
	default:
		_, err = tx.Exec("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", p.table, p.hash, p.rang, item)
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}

// send stores a message and returns its identifier, which id makes from the message's number.
func (s *store) send(queue, body, attributes, sent string, id func(number int64) string) (string, error) {
	tx, err := s.db.Begin()
	if err != nil {
		return "", err
	}
	defer func() { _ = tx.Rollback() }() // nothing is left to roll back after Commit
	result, err := tx.Exec("INSERT INTO messages (queue, id, body, attributes, sent) VALUES (?, '', ?, ?, ?)", queue, body, attributes, sent)
	if err != nil {
		return "", err
	}
	number, err := result.LastInsertId()
	if err != nil {
		return "", err
	}
	name := id(number)
	if _, err := tx.Exec("UPDATE messages SET id = ? WHERE number = ?", name, number); err != nil {
		return "", err
	}
	return name, tx.Commit()
}
