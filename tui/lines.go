package tui

// linesPanel lists the lines of the board with their levels. Lines of a group (north-south.red, north-south.green) are
// listed under its name. One input is selected if inputs can be pushed.
type linesPanel struct {
	w, h     int
	pushable bool
	selected string // the name of the line; "" if none is
}

// SetSize sets the size in columns and rows.
func (p *linesPanel) SetSize(w, h int) { p.w, p.h = w, h }

// move moves the selection n inputs down the list.
func (p *linesPanel) move(s Snapshot, n int) {
	var names []string
	at := 0
	for _, row := range lineRows(s.Lines) {
		if row.line.Name == "" || row.line.Output {
			continue
		}
		if row.line.Name == p.selected {
			at = len(names)
		}
		names = append(names, row.line.Name)
	}
	if !p.pushable || len(names) == 0 {
		p.selected = ""
		return
	}
	p.selected = names[min(max(at+n, 0), len(names)-1)]
}

// A lineRow is a row of the list: the name of a group, or a line.
type lineRow struct {
	text   string
	indent int
	line   Line // its Name is "" for a group
}

// lineRows returns the rows for lines. It collects the lines of a group behind the first of them; a group of one line has
// no heading.
func lineRows(lines []Line) []lineRow {
	size := map[string]int{}
	for _, l := range lines {
		group, _ := splitName(l.Name)
		size[group]++
	}
	var rows []lineRow
	done := map[string]bool{}
	for _, l := range lines {
		group, _ := splitName(l.Name)
		if group == "" || size[group] == 1 {
			rows = append(rows, lineRow{text: l.Name, line: l})
			continue
		}
		if done[group] {
			continue
		}
		done[group] = true
		rows = append(rows, lineRow{text: group})
		for _, member := range lines {
			if g, rest := splitName(member.Name); g == group {
				rows = append(rows, lineRow{text: rest, indent: 1, line: member})
			}
		}
	}
	return rows
}

// minWidth returns the width that shows names and levels in full.
func (p linesPanel) minWidth(s Snapshot) int {
	name, level := 0, 0
	for _, row := range lineRows(s.Lines) {
		name = max(name, row.indent+width(row.text))
		if row.line.Name != "" {
			level = max(level, levelWidth(row.line))
		}
	}
	return 1 + name + 1 + level
}

// levelWidth returns the width of the level of a line: symbol, blank, word.
func levelWidth(l Line) int {
	if l.Output {
		return width("● off")
	}
	return width("■ released")
}

// Draw draws the panel.
func (p linesPanel) Draw(sh *sheet, s Snapshot, st styles) {
	rows := lineRows(s.Lines)
	word, focus := 0, 0
	for y, row := range rows {
		if row.line.Name != "" {
			word = max(word, levelWidth(row.line))
		}
		if row.line.Name == p.selected && p.selected != "" {
			focus = y
		}
	}
	x := p.w - word // the column of the level
	since := p.w >= p.minWidth(s)+10
	if since {
		x = p.minWidth(s) - word
	}
	sh.list(len(rows), focus, 0, func(sh *sheet) {
		for y, row := range rows {
			if row.line.Name == "" {
				sh.fit(1, y, p.w-1, st.dim, row.text)
				continue
			}
			look := st.plain
			if row.line.Name == p.selected {
				look = st.selected
				sh.put(0, y, st.strong, "›")
			}
			sh.put(1+row.indent, y, look, shortenMiddle(row.text, x-2-row.indent))
			mark, look := symbol(row.line, st)
			sh.put(x, y, look, mark+" "+row.line.level())
			if since && !row.line.ChangedAt.IsZero() {
				sh.right(x+word+1, y, 8, st.dim, elapsed(s.Time.Sub(row.line.ChangedAt)))
			}
		}
	})
}

// symbol returns the symbol for the level of a line, and its look: round for outputs, square for inputs, filled for High.
func symbol(l Line, st styles) (string, look) {
	switch {
	case l.Output && l.High:
		return "●", st.lamp(l.Name).Bold(true)
	case l.Output:
		return "○", st.dim
	case l.High:
		return "■", st.cyan.Bold(true)
	default:
		return "□", st.dim
	}
}
