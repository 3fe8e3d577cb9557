package tui

import (
	"fmt"
	"strconv"
	"strings"

	"signalbox/machines/vending"
)

// A front is the vending machine as a customer sees it: on the left the window with a spiral for each column of snacks
// and the tray below, on the right the display, the coin slot, the buttons and the return cup.
type front struct {
	*sheet
	s     Snapshot
	v     vending.View
	keys  map[string][]string // the keys that push a line, by the name of the line
	st    styles
	panel int // the width of the right side
}

// drawFront draws the vending machine, as text if the sheet is small.
func drawFront(sh *sheet, s Snapshot, v vending.View, keys map[string][]string, st styles) {
	f := front{sheet: sh, s: s, v: v, keys: keys, st: st, panel: 14}
	if sh.w < 32 || sh.h < 13 {
		f.drawText()
		return
	}
	// A wide sheet stays empty on both sides: the machine keeps its proportions.
	w := min(sh.w, max(34, sh.h*3))
	h := min(sh.h, 26)
	if w >= 56 {
		f.panel = 22
	}
	f.sheet = sh.part((sh.w-w)/2, (sh.h-h)/2, w, h)
	f.frame()
	f.window(1, 1, w-f.panel-3, h-6)
	f.tray(1, h-4, w-f.panel-3)
	f.controls(w-f.panel-1, 1, h-2)
}

// drawText draws the front as rows of text.
func (f front) drawText() {
	f.fit(0, 0, f.w, lit(f.st.amber), " "+f.display()+" ")
	y := 1
	for i, c := range f.v.Columns {
		text := fmt.Sprintf("%d %s  %s", i+1, f.columnName(i), stockText(c))
		if f.s.high("motor-" + strconv.Itoa(i+1)) {
			text += "  motor on"
		}
		f.fit(0, y, f.w, f.st.plain, text)
		y++
	}
	f.fit(0, y, f.w, f.st.plain, fmt.Sprintf("tray %d  cup %v", f.v.Tray, f.v.Cup))
	exact, _ := f.exactChange()
	f.fit(0, y+1, f.w, f.st.plain, exact)
	y += 2
	for _, l := range f.alerts() {
		f.fit(0, y, f.w, f.st.red.Bold(true), l[0]+" "+l[1])
		y++
	}
}

// stockText returns the stock of a column, or why it does not sell.
func stockText(c vending.Shelf) string {
	switch {
	case c.Out != "":
		return c.Out
	case c.Stock <= 0:
		return "empty"
	}
	return fmt.Sprintf("%d left", c.Stock)
}

// alerts returns what needs an operator, as pairs of label and value.
func (f front) alerts() (list [][2]string) {
	if f.v.Owed > 0 {
		list = append(list, [2]string{"owed", f.v.Owed.String()})
	}
	if f.v.Doubt > 0 {
		list = append(list, [2]string{"doubt", f.v.Doubt.String()})
	}
	if f.v.Unknown > 0 {
		list = append(list, [2]string{"unknown", strconv.Itoa(f.v.Unknown)})
	}
	if f.v.Door {
		list = append(list, [2]string{"door open", ""})
	}
	return list
}

// display returns the text of the display; without one, the credit.
func (f front) display() string {
	if f.v.Display != "" {
		return f.v.Display
	}
	return "credit " + f.v.Credit.String()
}

// columnName returns the name of a column, counted from 0.
func (f front) columnName(column int) string {
	if name := f.v.Columns[column].Name; name != "" {
		return name
	}
	return "column " + strconv.Itoa(column+1)
}

// exactChange returns the text and look of the exact-change lamp.
func (f front) exactChange() (string, look) {
	lamp, ok := f.s.line("exact-change")
	if !ok {
		lamp.High = f.v.ExactChange // the board has no such lamp
	}
	if lamp.High {
		return "● exact change only", f.st.amber.Bold(true)
	}
	return "○ exact change only", f.st.dim
}

// frame draws the outline of the machine.
func (f front) frame() {
	x := f.w - f.panel - 2
	f.box(0, 0, f.w, f.h, f.st.plain)
	f.vline(x, 1, f.h-2, f.st.plain, "│")
	f.put(x, 0, f.st.plain, "┬")
	f.put(x, f.h-1, f.st.plain, "┴")
	f.put(0, f.h-5, f.st.plain, "├"+strings.Repeat("─", x-1)+"┤")
}

// window draws the columns behind the glass, each with name, spiral, stock, price and motor. The next snack to fall is at
// the bottom of its spiral.
func (f front) window(x, y, w, h int) {
	n := max(len(f.v.Columns), 1)
	each := w / n
	x += (w - each*n) / 2
	for i, c := range f.v.Columns {
		at := x + i*each
		name := f.columnName(i)
		stock, look := stockText(c), f.st.plain
		if each < 8 && c.Out == "" {
			stock = "×" + strconv.Itoa(c.Stock)
		} else if each >= 8 && c.Name != "" {
			name = strconv.Itoa(i+1) + " " + name
		}
		f.centre(at, y, each-1, f.st.strong, name)
		if c.Stock <= 0 && c.Out == "" {
			stock = "empty"
		}
		if c.Stock <= 0 || c.Out != "" {
			look = f.st.red.Bold(true)
		}
		f.centre(at, y+h-3, each-1, look, stock)
		if c.Price > 0 {
			f.centre(at, y+h-2, each-1, f.st.plain, c.Price.String())
		}
		f.spiral(at, y+1, each-1, h-4, i)
		f.motor(at, y+h-1, each-1, i)
	}
}

// spiral draws a column from above: the turns of the wire, each with a snack or empty.
func (f front) spiral(x, y, w, h, column int) {
	bags := []string{"▓▓", "▒▒", "░░"}
	looks := []look{f.st.red, f.st.amber, f.st.green}
	bag, look := bags[column%len(bags)], looks[column%len(looks)]
	tall := 1
	if w >= 11 && h >= 12 {
		tall = 2
	}
	if w >= 9 {
		bag = strings.Repeat(bag[:len("▓")], min(w-5, 8))
	}
	turns := h / tall
	stock := min(f.v.Columns[column].Stock, turns)
	left := x + (w-width(bag)-2)/2
	wire := f.st.dim
	open, closing := "(", ")"
	if f.s.high("motor-" + strconv.Itoa(column+1)) {
		wire, open, closing = f.st.strong, "<", ">"
	}
	for turn := range turns {
		top := y + h - (turn+1)*tall
		for row := range tall {
			if row == tall-1 {
				f.put(left, top+row, wire, open)
				f.put(left+1+width(bag), top+row, wire, closing)
			}
			switch {
			case turn < stock:
				f.put(left+1, top+row, look, bag)
			case row == tall-1:
				f.put(left+1, top+row, wire, strings.Repeat("·", width(bag)))
			}
		}
		if tall == 2 && turn < stock {
			f.put(left+1, top, look, strings.Repeat("▄", width(bag)))
		}
	}
}

// motor writes whether the motor of a column runs and, if it fits, whether its home switch is closed.
func (f front) motor(x, y, w, column int) {
	n := strconv.Itoa(column + 1)
	motor, ok := f.s.line("motor-" + n)
	if !ok {
		return
	}
	text, look := "○ off", f.st.dim
	if motor.High {
		text, look = "● on", lit(f.st.amber)
	}
	if home, ok := f.s.line("home-" + n); ok && w >= 14 {
		if home.High {
			text += "  home"
		} else {
			text += "  away"
		}
	}
	f.centre(x, y, w, look, text)
}

// tray draws the tray below the window: the beam of the drop sensor and the snacks.
func (f front) tray(x, y, w int) {
	if drop, ok := f.s.line("drop"); ok {
		if drop.High {
			f.centre(x, y, w, lit(f.st.amber), " ▼ drop ▼ ")
		} else {
			f.centre(x, y, w, f.st.dim, "drop ┄┄┄┄")
		}
	}
	f.put(x+1, y+1, f.st.plain, "┌"+strings.Repeat("─", w-4)+"┐")
	f.put(x+1, y+2, f.st.plain, "│")
	f.put(x+w-2, y+2, f.st.plain, "│")
	label := "tray"
	f.put(x+2, y+2, f.st.dim, label)
	if f.v.Tray > 0 {
		room := w - 5 - len(label)
		f.put(x+3+len(label), y+2, f.st.amber, strings.TrimRight(repeatSymbol("▆▆ ", f.v.Tray, room), " "))
	}
}

// controls draws the right side from the top down, the most important first: a short sheet leaves out the rest.
func (f front) controls(x, y, h int) {
	w := f.panel
	lines := wrap(f.display(), w-2)
	screen := 2
	for i := range screen {
		f.put(x, y+i, lit(f.st.green), strings.Repeat(" ", w))
	}
	for i, line := range lines[:min(len(lines), screen)] {
		f.centre(x, y+i, w, lit(f.st.green), line)
	}
	gap := 0
	if h >= 20 {
		gap = 1
	}
	bottom := y + h
	y += screen + gap
	put := func(look look, left, right string) {
		if y >= bottom {
			return
		}
		f.fit(x+1, y, w-2, look, left)
		if right != "" {
			f.right(x+1, y, w-2, look, right)
		}
		y++
	}
	put(f.st.plain, "credit", f.v.Credit.String())
	y += gap
	f.hline(x, y, w, f.st.plain, "─")
	f.put(x-1, y, f.st.plain, "├")
	f.put(x+w, y, f.st.plain, "┤")
	y++
	y += gap
	button := func(line, label string) {
		l, ok := f.s.line(line)
		if !ok {
			return
		}
		mark, look := symbol(l, f.st)
		key := keyLabel(f.keys[line], w/2-2)
		room := w - 2
		f.put(x+1, y, look, mark)
		f.fit(x+3, y, room-3-width(key), f.st.plain.Bold(l.High), label)
		f.right(x+1, y, room, f.st.dim, key)
		y++
	}
	button("coin", "coin")
	y += gap
	for i := range f.v.Columns {
		n, label := strconv.Itoa(i+1), f.columnName(i)
		if w >= 20 {
			label = n + " " + label
		}
		button("select-"+n, label)
	}
	y += gap
	button("coin-return", "return")
	y += gap
	exact, look := f.exactChange()
	if w < width(exact)+2 {
		exact = strings.TrimSuffix(exact, " only")
	}
	f.fit(x+min(1, max(w-width(exact), 0)), y, w, look, exact)
	y++
	y += gap
	for _, l := range f.alerts() {
		put(f.st.red.Bold(true), l[0], l[1])
	}
	put(f.st.plain.Bold(f.v.Cup > 0), "cup", f.v.Cup.String())
	for _, t := range f.v.Tubes {
		label, coins := "tube "+t.Value.String(), strconv.Itoa(t.Coins)
		if w >= 20 {
			coins = plural(t.Coins, "coin")
		}
		if f.s.high("hopper-" + strconv.Itoa(int(t.Value))) {
			put(f.st.amber.Bold(true), "●"+label[4:], coins)
		} else {
			put(f.st.plain, label, coins)
		}
	}
}
