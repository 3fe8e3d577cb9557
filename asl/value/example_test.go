package value_test

import (
	"errors"
	"fmt"

	"signalbox/asl/value"
)

// Reading and printing preserve the order of keys, and whole numbers of any length.
func ExampleRead() {
	v, err := value.Read([]byte(`{"total": 123456789012345678901234567890, "currency": "EUR", "items": [1, 2.50]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(value.Text(v))
	// Output: {"total":123456789012345678901234567890,"currency":"EUR","items":[1,2.5]}
}

func ExampleRead_error() {
	text := []byte("{\n  \"a\": 1,\n}")
	_, err := value.Read(text)
	var syntax *value.SyntaxError
	if errors.As(err, &syntax) {
		line, column := value.Position(text, syntax.Offset)
		fmt.Printf("%d:%d: %s\n", line, column, syntax.Reason)
	}
	// Output: 2:9: invalid character ',' at start of value
}

// Objects are immutable: With returns a copy. A key that is there keeps its place.
func ExampleObject_With() {
	order := value.NewObject("id", int64(7), "state", "open")
	closed := order.With("state", "closed").With("by", "Ada")
	fmt.Println(value.Text(order))
	fmt.Println(value.Text(closed))
	// Output:
	// {"id":7,"state":"open"}
	// {"id":7,"state":"closed","by":"Ada"}
}

func ExampleObject_All() {
	for key, v := range value.NewObject("b", true, "a", nil).All() {
		fmt.Println(key, v)
	}
	// Output:
	// b true
	// a <nil>
}

func ExampleBuilder() {
	var b value.Builder
	for i, name := range []string{"red", "amber", "green"} {
		b.Set(name, int64(i))
	}
	fmt.Println(value.Text(b.Object()))
	// Output: {"red":0,"amber":1,"green":2}
}

// Numbers print as AWS prints them: whole ones whole, others as Java prints a double.
func ExampleText() {
	fmt.Println(value.Text([]any{int64(1), 1.0, 1e10, "é\n", nil}))
	// Output: [1,1.0,1.0E10,"é\n",null]
}

func ExampleEqual() {
	a := value.NewObject("n", int64(1), "s", "x")
	b := value.NewObject("s", "x", "n", 1.0)
	fmt.Println(value.Equal(a, b))
	// Output: true
}

// A Source finds the lines and columns of many values of one text.
func ExampleSource() {
	source := value.NewSource([]byte("{\"lines\": [\n  {\"pin\": 17},\n  {\"pin\": 170}\n]}"))
	lines, _ := source.Root().Member("lines")
	for i, line := range lines.Elements() {
		pin, _ := line.Member("pin")
		row, column := source.Position(pin.Offset())
		fmt.Printf("pin of line %d: %d:%d\n", i, row, column)
	}
	// Output:
	// pin of line 0: 2:11
	// pin of line 1: 3:11
}
