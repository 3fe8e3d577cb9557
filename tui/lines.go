package tui

// linesPanel lists the board's lines with their levels. Lines of one group (north-south.red, north-south.green) stand
// under its name. One input is selected, if inputs can be pushed at all.
type linesPanel struct {
	w, h     int
	pushable bool
	selected string
}

// SetSize is told the room that there is.
func (p *linesPanel) SetSize(w, h int) { p.w, p.h = w, h }

// move selects the input line that is n further down the list.
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

// A lineRow is a heading (no line) or a line.
type lineRow struct {
	text   string
	indent int
	line   Line
}

// lineRows brings lines of one group together, in the order in which the groups begin.
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

// least returns the width at which names and levels are whole.
func (p linesPanel) least(s Snapshot) int {
	name, level := 0, 0
	for _, row := range lineRows(s.Lines) {
		name = max(name, row.indent+width(row.text))
		if row.line.Name != "" {
			level = max(level, levelWidth(row.line))
		}
	}
	return 1 + name + 1 + level
}

// levelWidth is the room that a line's level takes: a sign, a blank, a word.
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
	x := p.w - word // of the level
	since := p.w >= p.least(s)+10
	if since {
		x = p.least(s) - word
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
			sh.put(1+row.indent, y, look, squeeze(row.text, x-2-row.indent))
			sign, look := sign(row.line, st)
			sh.put(x, y, look, sign+" "+row.line.level())
			if since && !row.line.ChangedAt.IsZero() {
				sh.right(x+word+1, y, 8, st.dim, elapsed(s.Time.Sub(row.line.ChangedAt)))
			}
		}
	})
}

// sign returns the sign of a line's level and its look: round for outputs, square for inputs; filled is on.
func sign(l Line, st styles) (string, look) {
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
