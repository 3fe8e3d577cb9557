package gpio_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	periph "periph.io/x/conn/v3/gpio"

	"signalbox/gpio"
)

func TestBoardIsReadInFileOrder(t *testing.T) {
	got, err := gpio.ParseBoard("vending.yaml", []byte(`
name: vending
lines:
  motor-1: {bcm: 17, direction: out, safe: off}
  coin:    {chip: gpiochip0, line: 4, direction: in, active-low: true, pull: up, debounce: 5ms}
  motor-2: {bcm: 27, direction: out, active-low: true, safe: low}
  home-1:  {bcm: 22, direction: in}
  ok:      {bcm: 23, direction: out, safe: on}
never: [[motor-1, motor-2]]
max-on: {motor-1: 5s, motor-2: {on: 1m, rest: 3m}}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := &gpio.Board{
		Name: "vending",
		Lines: []gpio.Line{
			{Name: "motor-1", Number: 17, Direction: gpio.Out, MaxOn: 5 * time.Second, Rest: 500 * time.Millisecond},
			{Name: "coin", Chip: "gpiochip0", Number: 4, ActiveLow: true, Pull: periph.PullUp, Debounce: 5 * time.Millisecond},
			{Name: "motor-2", Number: 27, Direction: gpio.Out, ActiveLow: true, MaxOn: time.Minute, Rest: 3 * time.Minute},
			{Name: "home-1", Number: 22, Pull: periph.Float},
			{Name: "ok", Number: 23, Direction: gpio.Out, Safe: true},
		},
		Never: [][2]string{{"motor-1", "motor-2"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("board (-want +got):\n%s", diff)
	}
	outputs, inputs := got.Outputs(), got.Inputs()
	if len(outputs) != 3 || outputs[1].Name != "motor-2" || len(inputs) != 2 || inputs[0].Name != "coin" {
		t.Errorf("got outputs %v, inputs %v", outputs, inputs)
	}
}

func TestBoardAliasIsFollowed(t *testing.T) {
	board, err := gpio.ParseBoard("b.yaml", []byte("name: b\nlines:\n  a: {bcm: 1, direction: out, safe: &s off}\n  b: {bcm: 2, direction: out, safe: *s}\n"))
	if err != nil || len(board.Lines) != 2 {
		t.Errorf("got %v, %v", board, err)
	}
}

// boardFaults are boards beside what is wrong with them.
var boardFaults = []struct{ name, text, want string }{
	{"nothing", "", `b:1:1: the file is empty; it should hold a board: name, lines, and perhaps never and max-on`},
	{"only a comment", "# soon\n", `b:1:1: the file is empty; it should hold a board: name, lines, and perhaps never and max-on`},
	{"null", "~\n", `b:1:1: the file is empty; it should hold a board: name, lines, and perhaps never and max-on`},
	{"not YAML", "name: b\nlines: {a: [\n", `b:2:1: not YAML: did not find expected node content`},
	{"a list", "- a\n", `b:1:1: a board should be a mapping (name: value), not a list`},
	{"two documents", "name: b\nlines: {a: {bcm: 1, direction: in}}\n---\nname: c\n", `b:3:1: a second document; a file holds one`},
	{"no name, no lines", "never: []\n", `b:1:1: the board has no name; write one, such as name: vending
b:1:1: the board has no lines; list them under lines:`},
	{"blank name", "name:\nlines: {a: {bcm: 1, direction: in}}\n", `b:1:6: name is blank`},
	{"no line", "name: b\nlines: {}\n", `b:2:8: lines is empty; a board has at least one line`},
	{"lines is a list", "name: b\nlines: [a]\n", `b:2:8: lines should be a mapping (name: value), not a list`},
	{"line is text", "name: b\nlines: {a: 17}\n", `b:2:12: line a should be a mapping (name: value), not "17"`},
	{"unknown keys", `name: b
linez: {}
lines:
  a: {bcm: 1, direction: in, activelow: true, colour: red}
`, `b:2:1: a board has no key "linez"; did you mean "lines"?
b:4:30: line a has no key "activelow"; did you mean "active-low"?
b:4:47: line a has no key "colour"; known are bcm, pin, chip, line, direction, active-low, pull, debounce, safe`},
	{"places", `name: b
lines:
  nowhere: {direction: in}
  both: {bcm: 1, line: 2, direction: in}
  chip: {bcm: 1, chip: gpiochip0, direction: in}
  nochip: {line: 3, direction: in}
  noline: {chip: gpiochip0, direction: in}
  far: {bcm: 99, direction: in}
  negative: {chip: gpiochip0, line: -1, direction: in}
  text: {chip: gpiochip0, line: four, direction: in}
`, `b:3:3: line nowhere has no place; write bcm: and its GPIO number, pin: and its position on the header, or chip: and line:
b:4:10: line both has both bcm and line; keep one: bcm or pin on the header, else chip and line
b:5:18: line chip has both bcm and chip; remove chip, the driver finds the header's chip by itself
b:6:12: line nochip has a line but no chip; add chip: gpiochip0, or write bcm or pin instead of line
b:7:12: line noline has a chip but no line; add line: and the offset on the chip
b:8:14: line far: the header has GPIO0 to GPIO27, not GPIO99; bcm is the GPIO number, not the position on the header: pin 11 is GPIO17; for a line that is not on the header write chip: and line:
b:9:37: line negative: line should be a whole number from 0 to 1023, not "-1"
b:10:33: line text: line should be a whole number from 0 to 1023, not "four"`},
	{"used twice", `name: b
lines:
  a: {bcm: 4, direction: in}
  b: {bcm: 4, direction: in}
  c: {chip: gpiochip0, line: 9, direction: in}
  d: {chip: gpiochip0, line: 9, direction: out, safe: off}
  a: {bcm: 5, direction: in}
  bad name: {bcm: 6, direction: in}
`, `b:4:12: line b is on GPIO4 (pin 7), which line a is on already; a physical line is used once
b:6:30: line d is on gpiochip0:9, which line c is on already; a physical line is used once
b:7:3: "a" is on line 3 already; each name comes once
b:8:3: a line's name has letters, digits, dots, dashes and underscores, not "bad name"`},
	{"the header", `name: b
lines:
  supply: {pin: 17, direction: in}
  five: {pin: 2, direction: in}
  ground: {pin: 30, direction: in}
  zero: {pin: 0, direction: in}
  beyond: {pin: 41, direction: in}
  position: {bcm: 40, direction: in}
  earth: {bcm: 39, direction: in}
  28th: {bcm: GPIO28, direction: in}
  swapped: {pin: GPIO17, direction: in}
  apart: {bcm: 17, pin: 12, direction: in}
  faulty: {bcm: 17, pin: 17, direction: in}
  faultier: {bcm: 28, pin: 11, direction: in}
  pinline: {pin: 11, line: 3, direction: in}
  pinchip: {pin: 11, chip: gpiochip0, direction: in}
  all: {bcm: 17, pin: 11, chip: gpiochip0, line: 17, direction: in}
`, `b:3:17: line supply: pin 17 is 3.3 V; pin is the position on the header: for GPIO17 write bcm: 17 (pin 11)
b:4:15: line five: pin 2 is 5 V; pin is the position on the header: for GPIO2 write bcm: 2 (pin 3)
b:5:17: line ground: pin 30 is ground; choose a position that has a GPIO
b:6:15: line zero: pin should be a position on the header from 1 to 40, not "0"; for GPIO0 write bcm: 0
b:7:17: line beyond: pin should be a position on the header from 1 to 40, not "41"
b:8:19: line position: the header has GPIO0 to GPIO27, not GPIO40; bcm is the GPIO number, not the position on the header: for pin 40, GPIO21, write pin: 40
b:9:16: line earth: the header has GPIO0 to GPIO27, not GPIO39; bcm is the GPIO number, not the position on the header: pin 11 is GPIO17; for a line that is not on the header write chip: and line:
b:10:15: line 28th: the header has GPIO0 to GPIO27, not GPIO28; bcm is the GPIO number, not the position on the header: for pin 28, GPIO1, write pin: 28
b:11:18: line swapped: pin should be a position on the header from 1 to 40, not "GPIO17"; for GPIO17 write bcm: 17
b:12:25: line apart: pin 12 is GPIO18, but bcm says GPIO17, which is pin 11; keep the one that is meant
b:13:26: line faulty: pin 17 is 3.3 V; pin is the position on the header: for GPIO17 write bcm: 17 (pin 11)
b:14:19: line faultier: the header has GPIO0 to GPIO27, not GPIO28; bcm is the GPIO number, not the position on the header: for pin 28, GPIO1, write pin: 28
b:15:13: line pinline has both pin and line; keep one: bcm or pin on the header, else chip and line
b:16:22: line pinchip has both pin and chip; remove chip, the driver finds the header's chip by itself
b:17:9: line all has both bcm and line; keep one: bcm or pin on the header, else chip and line`},
	{"one line by two numbers", `name: b
lines:
  a: {bcm: 17, direction: in}
  b: {pin: 11, direction: in}
  c: {bcm: GPIO17, pin: 11, direction: in}
`, `b:4:12: line b is on GPIO17 (pin 11), which line a is on already; a physical line is used once
b:5:25: line c is on GPIO17 (pin 11), which line a is on already; a physical line is used once`},
	{"directions", `name: b
lines:
  a: {bcm: 1}
  b: {bcm: 2, direction: inout}
  c: {bcm: 3, direction: out}
  d: {bcm: 4, direction: in, safe: off}
  e: {bcm: 5, direction: out, safe: maybe}
  f: {bcm: 6, direction: out, safe: off, pull: up, debounce: 5ms}
`, `b:3:3: line a has no direction; write direction: in or direction: out
b:4:26: line b: direction should be in or out, not "inout"
b:5:3: line c is an output without a safe level; add safe: off, or safe: on
b:6:30: line d is an input; a safe level is for outputs, remove it
b:7:37: line e: safe should be high, low, on or off, not "maybe"
b:8:42: line f is an output; pull is for inputs, remove it
b:8:52: line f is an output; debounce is for inputs, remove it`},
	{"input settings", `name: b
lines:
  a: {bcm: 1, direction: in, active-low: yes, pull: sideways, debounce: 5}
  b: {bcm: 2, direction: in, debounce: -5ms}
  c: {bcm: 3, direction: in, debounce: soon}
  d: {bcm: 4, direction: in, debounce: 2h}
  e: {bcm: 5, direction: in, debounce: [1]}
`, `b:3:42: line a: active-low should be true or false, not "yes"
b:3:53: line a: pull should be up, down or none, not "sideways"
b:3:73: line a: debounce is 5, which has no unit; write 5ms or 5s
b:4:40: line b: debounce is -5ms; a time cannot be negative
b:5:40: line c: debounce should be a time such as 50ms or 5s, not "soon"
b:6:40: line d: debounce is 2h; the most is 1m0s
b:7:40: line e: debounce should be a time such as 50ms or 5s, not a list`},
	{"never", `name: b
lines:
  red:   {bcm: 1, direction: out, safe: on}
  green: {bcm: 2, direction: out, safe: on}
  coin:  {bcm: 3, direction: in}
never:
  - [red, green]
  - [red, gren]
  - [red, red]
  - [red, coin]
  - [red]
  - red
  - [red, {}]
`, `b:7:5: never: lines red and green are both on at their safe levels; make one of them safe: off
b:8:11: never: no line "gren"; did you mean "green"?
b:9:5: never: line red is paired with itself; name two lines
b:10:11: never: line coin is an input; a pair is of outputs
b:11:5: a pair of never has two lines, this has 1; write several pairs for more
b:12:5: a pair of never should be a list, not "red"
b:13:11: a line of never should be plain text, not a mapping`},
	{"max-on", `name: b
lines:
  red:   {bcm: 1, direction: out, safe: on}
  green: {bcm: 2, direction: out, safe: off}
  coin:  {bcm: 3, direction: in}
max-on:
  rde: 5s
  coin: 5s
  red: 5s
  green: 0s
`, `b:7:3: max-on: no line "rde"; did you mean "red"?
b:8:3: max-on: line coin is an input; only outputs are turned off
b:9:3: max-on: line red is on at its safe level and would be turned off there; choose one
b:10:10: max-on: green is 0s; the least is 1ms`},
	{"max-on with a rest", `name: b
lines:
  a: {bcm: 1, direction: out, safe: off}
  b: {bcm: 2, direction: out, safe: off}
  c: {bcm: 3, direction: out, safe: off}
  d: {bcm: 4, direction: out, safe: off}
  e: {bcm: 5, direction: out, safe: off}
max-on:
  a: {rest: 1s}
  b: {on: 5s, rest: 0s}
  c: {on: 5, of: 1s}
  d: [5s, 1s]
  e: {on: 5s, rest: 1001h}
`, `b:9:6: max-on: a has no on; write on: and the longest time, such as {on: 5s, rest: 1s}
b:10:21: max-on: b: rest is 0s; the least is 1ms
b:11:11: max-on: c: on is 5, which has no unit; write 5ms or 5s
b:11:14: max-on: c has no key "of"; did you mean "on"?
b:12:6: max-on: d should be a time such as 50ms or 5s, not a list
b:13:21: max-on: e: rest is 1001h; the most is 1000h0m0s`},
	{"one line under two names", `name: b
lines:
  a: {bcm: 17, direction: out, safe: off}
  b: {chip: gpiochip0, line: 17, direction: out, safe: on}
  c: {chip: pinctrl-bcm2711, line: 17, direction: in}
  d: {chip: gpiochip0, line: 40, direction: in}
  e: {chip: pinctrl-rp1, line: 40, direction: in}
  f: {chip: gpiochip1, line: 17, direction: in}
  g: {chip: gpiochip0, line: 4, direction: in}
  h: {pin: 7, direction: in}
`, `b:4:30: line b is on gpiochip0:17, the same as GPIO17, which line a is on already; a physical line is used once
b:5:36: line c is on pinctrl-bcm2711:17, the same as GPIO17, which line a is on already; a physical line is used once
b:7:32: line e is on pinctrl-rp1:40, the same as gpiochip0:40, which line d is on already; a physical line is used once
b:10:12: line h is on GPIO4 (pin 7), the same as gpiochip0:4, which line g is on already; a physical line is used once`},
	{"never before lines is still in file order", `name: b
never: [[a, b]]
lines:
  a: {bcm: 1, direction: out}
`, `b:2:13: never: no line "b"
b:4:3: line a is an output without a safe level; add safe: off, or safe: on`},
}

func TestHeaderLinesAreNamedByGPIONumberOrByPosition(t *testing.T) {
	// Raspberry Pi documentation, "GPIO": both rows of the header from the top down.
	left := []string{"3.3 V", "2", "3", "4", "ground", "17", "27", "22", "3.3 V", "10", "9", "11", "ground", "0", "5", "6", "13", "19", "26", "ground"}
	right := []string{"5 V", "5 V", "ground", "14", "15", "18", "ground", "23", "24", "ground", "25", "8", "7", "1", "ground", "12", "ground", "16", "20", "21"}
	read := func(place string) (gpio.Line, error) {
		board, err := gpio.ParseBoard("b", []byte("name: b\nlines: {a: {"+place+", direction: in}}\n"))
		if err != nil {
			return gpio.Line{}, err
		}
		return board.Lines[0], nil
	}
	for pin := 1; pin <= 40; pin++ {
		want := left[(pin-1)/2]
		if pin%2 == 0 {
			want = right[(pin-1)/2]
		}
		places := []string{
			fmt.Sprintf("pin: %d", pin), "bcm: " + want, "bcm: GPIO" + want, fmt.Sprintf(`pin: "%d", bcm: 'GPIO%s'`, pin, want),
		}
		number, err := strconv.Atoi(want)
		if err != nil {
			if _, err := read(places[0]); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("pin %d is %s", pin, want)) {
				t.Errorf("pin %d: got %v, want that it is %s", pin, err, want)
			}
			continue
		}
		for _, place := range places {
			l, err := read(place)
			if err != nil || l.Number != number || l.Chip != "" || l.Where() != "GPIO"+want {
				t.Errorf("%s: got %s (%+v), %v, want GPIO%s", place, l.Where(), l, err, want)
			}
		}
	}
}

func TestNumbersOfTheHeaderAreWrittenPlainly(t *testing.T) {
	for _, nasty := range []string{
		"GPIO", "gpio17", "GPIO 17", "GPIO017", "GPIO+17", "GPIO-1", "GPIO17GPIO18", "GPIO1７", "BCM17", "17th", `"17 "`, `" 17"`, `"17\n"`, `"17\0"`,
		"017", "+17", "-17", "-0", "0x11", "0o21", "1_7", "17.0", "1e1", "１７", "٣", "½", "true", "~", `""`, "[17]", "{17: 18}",
		"99999999999999999999999999", "-99999999999999999999999999", ".inf", ".nan", "!!null 17", "!!binary MTc=", "2026-01-01",
	} {
		for _, key := range []string{"bcm", "pin"} {
			board, err := gpio.ParseBoard("b", []byte("name: b\nlines:\n  a: {direction: in, "+key+": "+nasty+"}\n"))
			var faults gpio.Faults
			if board != nil || !errors.As(err, &faults) || len(faults) != 1 || faults[0].Line != 3 || faults[0].Column != 27 ||
				!strings.Contains(faults[0].Message, "line a: "+key+" should be a ") {
				t.Errorf("%s: %s: got board %v, error %v", key, nasty, board, err)
			}
		}
	}
}

func TestOtherChipsHaveNumbersOfTheirOwn(t *testing.T) {
	board, err := gpio.ParseBoard("b", []byte("name: b\nlines:\n  a: {chip: expander-1, line: 0, direction: in}\n"+
		"  b: {chip: pinctrl-bcm2711, line: 53, direction: in}\n  c: {chip: gpio\xc3\xa4, line: 1023, direction: in}\n"))
	if err != nil || board.Lines[1].Where() != "pinctrl-bcm2711:53" || board.Lines[2].Number != 1023 {
		t.Errorf("got %v, %v", board, err)
	}
}

func TestBoardFaultsAreAllReportedWithTheirPlaces(t *testing.T) {
	for _, test := range boardFaults {
		t.Run(test.name, func(t *testing.T) {
			board, err := gpio.ParseBoard("b", []byte(test.text))
			if board != nil || err == nil {
				t.Fatalf("got board %v, error %v; want no board and an error", board, err)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			var faults gpio.Faults
			if !errors.As(err, &faults) || len(faults) != strings.Count(test.want, "\n")+1 {
				t.Errorf("got %#v, want a Fault for each line", err)
			}
		})
	}
}

func TestReadBoard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "board.yaml")
	if _, err := gpio.ReadBoard(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the file is missing", err)
	}
	if err := os.WriteFile(path, []byte("name: b\nlines: {a: {bcm: 1, direction: in}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := gpio.ReadBoard(path); err != nil || b.Name != "b" {
		t.Errorf("got %v, %v", b, err)
	}
}

func TestMissingLineNamesThoseThatAreNear(t *testing.T) {
	board, err := gpio.ParseBoard("b", []byte("name: vending\nlines: {coin: {bcm: 1, direction: in}, coin-return: {bcm: 2, direction: in}, drop: {bcm: 3, direction: in}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"coim":       `gpio: board vending: no line "coim"; did you mean "coin"?`,
		"Coin":       `gpio: board vending: no line "Coin"; did you mean "coin" or "coin-return"?`,
		"cion":       `gpio: board vending: no line "cion"; did you mean "coin"?`,
		"return":     `gpio: board vending: no line "return"; did you mean "coin-return"?`,
		"hopper":     `gpio: board vending: no line "hopper"`,
		"coinreturn": `gpio: board vending: no line "coinreturn"; did you mean "coin-return"?`,
	} {
		if _, err := board.Line(name); err == nil || err.Error() != want {
			t.Errorf("line %q: got %v, want %s", name, err, want)
		}
	}
	if l, err := board.Line("drop"); err != nil || l.Number != 3 {
		t.Errorf("got %v, %v", l, err)
	}
}

func FuzzBoard(f *testing.F) {
	for _, test := range boardFaults {
		f.Add([]byte(test.text))
	}
	examples, err := filepath.Glob("../examples/*/board.yaml")
	if err != nil || len(examples) == 0 {
		f.Fatalf("no example boards: %v", err)
	}
	for _, path := range examples {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("name: b\nlines: {a: {pin: 11, direction: in}, b: {bcm: GPIO18, pin: 12, direction: in}}\n"))
	f.Add([]byte("name: b\nlines: {a: {bcm: 1, direction: out, safe: off}}\nmax-on: {a: {on: 5s, rest: 1000h}}\n"))
	f.Add([]byte("name: b\nlines: {a: {bcm: 1, direction: out, safe: off}, b: {chip: gpiochip0, line: 1, direction: in}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		board, err := gpio.ParseBoard("b", text)
		var faults gpio.Faults
		switch {
		case err == nil && len(board.Lines) == 0:
			t.Error("a board without lines and without faults")
		case err != nil && !errors.As(err, &faults):
			t.Errorf("%T is no Faults: %v", err, err)
		case err == nil:
			for _, l := range board.Lines {
				if l.Number < 0 || l.Chip == "" && l.Number > 27 {
					t.Errorf("line %s is on %s, which the header does not have", l.Name, l.Where())
				}
				if (l.MaxOn > 0) != (l.Rest > 0) || l.Restrict(l) != l {
					t.Errorf("line %s has max-on %s with a rest of %s", l.Name, l.MaxOn, l.Rest)
				}
			}
		}
	})
}
