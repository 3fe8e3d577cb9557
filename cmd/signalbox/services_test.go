package main_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// corpus is the folder of what AWS and others have published.
func corpus(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("SIGNALBOX_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("the collection is missing: %v", err)
		}
		tb.Skipf("not run: the collection is missing: %v", err)
	}
	return dir
}

// AWS's sample "Transfer Data Records" runs as it is, with the mapping of examples/migration: its table is filled, and each
// record is sent to its queue once, in order.
func TestTheSampleOfAWSRuns(t *testing.T) {
	data := t.TempDir()
	sample := filepath.Join(corpus(t), "definitions", "collection", "transfer-data-records.asl.json")
	events := readJSON(t, run(t, "run", sample, "--services", "../../examples/migration/transfer-data-records.yaml", "--data", data,
		"--speed", "0", "--json"))
	last := events[len(events)-1]
	if diff := cmp.Diff(map[string]any{"output": map[string]any{"List": []any{"DONE"}}}, last.Details); last.Type != "ExecutionSucceeded" || diff != "" {
		t.Errorf("it ended with %s (-want +got):\n%s", last.Type, diff)
	}
	entered := map[string]int{}
	for _, e := range events {
		if e.Type == "StateEntered" {
			entered[e.State]++
		}
	}
	if diff := cmp.Diff(map[string]int{
		"Seed the DynamoDB Table": 1, "For Loop Condition": 11, "Read Next Message from DynamoDB": 10, "Send Message to SQS": 10,
		"Pop Element from List": 10, "Succeed": 1,
	}, entered); diff != "" {
		t.Errorf("states entered (-want +got):\n%s", diff)
	}
	db, err := sql.Open("sqlite", filepath.Join(data, "services.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var items, messages []string
	for n := 1; n <= 10; n++ {
		items = append(items, fmt.Sprintf(`messages S:%d {"Message":{"S":"hello from record %[1]d"},"MessageId":{"S":"%[1]d"}}`, n))
		messages = append(messages, fmt.Sprintf("outbox hello from record %d", n))
	}
	for statement, want := range map[string][]string{
		`SELECT "table" || ' ' || hash || ' ' || item FROM items ORDER BY length(hash), hash`: items,
		"SELECT queue || ' ' || body FROM messages ORDER BY number":                           messages,
	} {
		rows, err := db.Query(statement)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			got = append(got, text)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", statement, diff)
		}
	}
}
