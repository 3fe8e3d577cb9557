package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// Sizes in columns and rows. Below the wide size the screen shows one panel at a time, below the minimum a message.
const (
	wideWidth, wideHeight           = 76, 22
	minScreenWidth, minScreenHeight = 24, 8
)

// The values of Model.tab, in the order of the tab key.
const (
	pictureTab = iota
	statesTab
	linesTab
	logTab
	tabCount
)

// wheelLines is the number of log lines that one step of the mouse wheel scrolls.
const wheelLines = 3

// A Model is the screen. It implements tea.Model. Its messages are [Snapshot]s and those of Bubble Tea.
type Model struct {
	options Options
	keys    keyMap
	styles  styles

	w, h       int
	tab        int // the panel that a narrow screen shows
	helpOpen   bool
	helpOffset int // the first row of the help page that is visible
	s          Snapshot

	picture picturePanel
	states  statesPanel
	lines   linesPanel
	log     logPanel
}

// New returns a screen without a snapshot, for a terminal of 80 by 24 until a tea.WindowSizeMsg arrives.
func New(o Options) Model {
	m := Model{options: o, keys: newKeyMap(o), styles: newStyles(o.NoColor), w: 80, h: 24}
	m.lines.pushable = o.Push != nil
	m.picture.keys = map[string][]string{}
	for _, k := range o.Keys {
		if k.Line != "" {
			m.picture.keys[k.Line] = append(m.picture.keys[k.Line], k.Key)
		}
	}
	m.layout()
	return m
}

// Init implements tea.Model.
func (m Model) Init() tea.Cmd { return nil }

// Update implements tea.Model. It takes snapshots, sizes, keys and the mouse wheel.
func (m Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		if msg.Width > 0 && msg.Height > 0 {
			m.w, m.h = msg.Width, msg.Height
		}
		m.layout()
	case Snapshot:
		if msg.Current != m.s.Current {
			m.states.scroll = 0
		}
		m.s = msg
		m.lines.move(m.s, 0)
		m.layout()
	case tea.MouseWheelMsg:
		switch msg.Button {
		case tea.MouseWheelUp:
			m.log.scroll(m.s, -wheelLines)
		case tea.MouseWheelDown:
			m.log.scroll(m.s, wheelLines)
		}
	case tea.KeyPressMsg:
		cmd := m.press(msg)
		return m, cmd
	}
	return m, nil
}

// press carries out a key. The functions of Options run in the command that it returns.
func (m *Model) press(msg tea.KeyPressMsg) tea.Cmd {
	k := m.keys
	switch {
	case key.Matches(msg, k.quit):
		return tea.Quit
	case key.Matches(msg, k.help):
		m.helpOpen, m.helpOffset = !m.helpOpen, 0
	case key.Matches(msg, k.leave):
		m.helpOpen = false
	case key.Matches(msg, k.pause):
		return command(m.options.TogglePause)
	case key.Matches(msg, k.faster):
		return m.speed(1)
	case key.Matches(msg, k.slower):
		return m.speed(-1)
	case key.Matches(msg, k.next):
		m.tab = (m.tab + 1) % tabCount
	case key.Matches(msg, k.previous):
		m.tab = (m.tab + tabCount - 1) % tabCount
	case key.Matches(msg, k.up):
		m.move(-1)
	case key.Matches(msg, k.down):
		m.move(1)
	case key.Matches(msg, k.push):
		if line := m.lines.selected; line != "" {
			return command(func() { m.options.Push(line) })
		}
	case key.Matches(msg, k.hold):
		if line := m.lines.selected; line != "" {
			return command(func() { m.options.Hold(line) })
		}
	case key.Matches(msg, k.pageUp):
		m.page(-1)
	case key.Matches(msg, k.pageDown):
		m.page(1)
	case key.Matches(msg, k.top):
		m.log.scroll(m.s, -len(m.s.Log))
	case key.Matches(msg, k.end):
		m.log.scroll(m.s, len(m.s.Log))
	default:
		for _, own := range m.options.Keys {
			if own.Key == msg.String() {
				return command(own.Do)
			}
		}
	}
	return nil
}

// command returns f as a Bubble Tea command, which runs on a goroutine of its own; nil for nil.
func command(f func()) tea.Cmd {
	if f == nil {
		return nil
	}
	return func() tea.Msg {
		f()
		return nil
	}
}

// speeds are the steps of the keys for the speed.
var speeds = []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}

// speed changes the speed of the clock by steps of speeds. The screen shows the new speed at once, so that the next key
// starts from there.
func (m *Model) speed(steps int) tea.Cmd {
	i, exact := slices.BinarySearch(speeds, m.s.Speed)
	switch {
	case m.s.Speed == 0 && steps < 0:
		i = len(speeds) - 1 // slower than as fast as possible
	case m.s.Speed == 0:
		return nil
	case steps < 0 || exact:
		i += steps
	}
	pace := speeds[min(max(i, 0), len(speeds)-1)]
	m.s.Speed = pace
	set := m.options.SetSpeed
	return command(func() { set(pace) })
}

// move carries out the up and down keys: n rows in the help page, the lines, the states or the log.
func (m *Model) move(n int) {
	switch {
	case m.helpOpen:
		m.helpOffset = min(max(m.helpOffset+n, 0), m.maxHelpOffset())
	case m.wide() || m.tab == linesTab:
		m.lines.move(m.s, n)
	case m.tab == statesTab:
		m.states.scroll = min(max(m.states.scroll+n, -len(m.s.States)), len(m.s.States))
	case m.tab == logTab:
		m.log.scroll(m.s, n)
	}
}

// maxHelpOffset returns the largest helpOffset.
func (m Model) maxHelpOffset() int {
	left, right := m.helpRows()
	return max(max(len(left), len(right))-m.bodyHeight(), 0)
}

// page carries out the page keys: n pages in the log, or in the help page while it is open.
func (m *Model) page(n int) {
	if m.helpOpen {
		m.move(n * max(m.bodyHeight()-1, 1))
		return
	}
	m.log.scroll(m.s, n*max(m.log.h-1, 1))
}

func (m Model) wide() bool     { return m.w >= wideWidth && m.h >= wideHeight }
func (m Model) tooSmall() bool { return m.w < minScreenWidth || m.h < minScreenHeight }

// top returns the row of the rule below title bar and state bar.
func (m Model) top() int { return 2 + len(m.problemRows()) }

// bodyHeight returns the number of rows for panels: all but title bar, state bar, a rule and help bar.
func (m Model) bodyHeight() int { return m.h - m.top() - 2 }

// problemRows returns a problem that is too long for the state bar as rows below it, at most half of the screen's.
func (m Model) problemRows() []string {
	x, _ := m.stateWidth()
	if m.s.Problem == "" || m.s.Current == "" || x+2+width(m.s.Problem) <= m.w-1 {
		return nil
	}
	rows := wrap(m.s.Problem, m.w-4)
	if most := max((m.h-4)/2, 1); len(rows) > most {
		rows = rows[:most]
		rows[most-1] = shorten(rows[most-1], m.w-5) + "…"
	}
	return rows
}

// layout sets the size of each panel from that of the terminal and from the widths that the snapshot needs.
func (m *Model) layout() {
	if !m.wide() {
		for _, p := range []interface{ SetSize(w, h int) }{&m.picture, &m.states, &m.lines, &m.log} {
			p.SetSize(m.w, m.bodyHeight())
		}
		return
	}
	room := m.bodyHeight() - 1 // the rule above the log
	logH := max(room*27/100, 4)
	h := room - logH
	spare := m.w - 2 // two rules
	// First the minimum widths, then more width in the order of the largest gain.
	pictureW := m.picture.minWidth(m.s)
	spare -= pictureW
	linesW := min(max(m.lines.minWidth(m.s), 18), 30, spare-18)
	if !m.s.hasLines() {
		linesW = 0
		spare++ // and no rule
	}
	spare -= linesW
	statesW := min(max(m.states.minWidth(m.s), 14), 28, spare)
	spare -= statesW
	grow := func(w *int, to int) {
		more := min(max(to-*w, 0), spare)
		*w += more
		spare -= more
	}
	grow(&pictureW, 46)
	grow(&statesW, min(m.states.preferredWidth(m.s), 40))
	grow(&pictureW, 72)
	grow(&statesW, min(m.states.preferredWidth(m.s), 56))
	if m.s.hasLines() {
		grow(&linesW, m.lines.minWidth(m.s)+10)
	}
	grow(&pictureW, m.picture.preferredWidth(m.s))
	if m.s.hasLines() {
		linesW += spare - spare/2
		spare /= 2
	}
	statesW += spare
	m.picture.SetSize(pictureW, h)
	m.states.SetSize(statesW, h)
	m.lines.SetSize(linesW, h)
	m.log.SetSize(m.w, logH)
}

// View implements tea.Model.
func (m Model) View() tea.View {
	v := tea.NewView(m.draw())
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.WindowTitle = clean("signalbox " + m.s.Machine)
	return v
}

// draw returns the screen as styled text.
func (m Model) draw() string {
	sh := newSheet(m.w, m.h)
	if m.tooSmall() {
		text := fmt.Sprintf("signalbox needs %d × %d, this is %d × %d; q quits", minScreenWidth, minScreenHeight, m.w, m.h)
		sh.paragraph(0, 0, m.w, m.h, m.styles.plain, text)
		return sh.String()
	}
	m.titleBar(sh)
	m.stateBar(sh)
	switch {
	case m.helpOpen:
		m.drawHelp(sh)
	case m.wide():
		m.drawAll(sh)
	default:
		m.drawOne(sh)
	}
	m.helpBar(sh)
	return sh.String()
}

// titleBar draws the first row: machine, driver, clock, speed, status. A narrow screen leaves out the least important ones.
func (m Model) titleBar(sh *sheet) {
	s, st := m.s, m.styles
	name, sep := "signalbox  "+s.Machine, " │ "
	if m.w < 60 {
		name, sep = s.Machine, " "
	}
	status := string(s.Status)
	if s.Paused {
		status = "PAUSED"
	}
	const driver, now, since, speed, end = 0, 1, 2, 3, 4
	parts := [5]string{driver: s.Driver, speed: speedText(s), end: status}
	if !s.Time.IsZero() {
		parts[now] = s.Time.Format("15:04:05")
		if m.w >= 110 {
			parts[now] = s.Time.Format("Mon 2 Jan 2006 15:04:05")
		}
		if !s.Start.IsZero() {
			parts[since] = "+" + clock(s.Time.Sub(s.Start))
		}
	}
	join := func() string {
		return strings.Join(slices.DeleteFunc(slices.Clone(parts[:]), func(p string) bool { return p == "" }), sep)
	}
	for _, drop := range []int{since, driver, speed, now} {
		if 1+width(name)+2+width(join())+1 <= m.w {
			break
		}
		parts[drop] = ""
	}
	rest := join()
	sh.put(0, 0, st.bar, strings.Repeat(" ", m.w))
	sh.fit(1, 0, m.w-width(rest)-4, st.bar.Bold(true), name)
	sh.right(0, 0, m.w-1, st.bar, rest)
}

// speedText returns the speed of the clock as text.
func speedText(s Snapshot) string {
	switch {
	case s.Driver == "gpio", s.Driver == "live":
		return "real time"
	case s.Speed == 0:
		return "×max"
	default:
		return "×" + strconv.FormatFloat(s.Speed, 'g', -1, 64)
	}
}

// stateBar draws the second row: the current state, the number of other active states, the time since it was entered, and
// the problem or, without one, the last transition. A long problem goes into rows below.
func (m Model) stateBar(sh *sheet) {
	s, st := m.s, m.styles
	if s.Current == "" {
		text := "waiting for the machine"
		if s.Machine != "" {
			text = "not started"
		}
		sh.fit(1, 1, m.w-2, st.dim, text)
		return
	}
	x, parts := m.stateWidth()
	sh.put(1, 1, st.status(s.Status), parts.mark)
	at := 1 + width(parts.mark)
	sh.fit(at, 1, m.w-at-1, st.strong, parts.name)
	at += width(parts.name)
	sh.fit(at, 1, m.w-at-1, st.plain, parts.more+"  "+parts.since)
	rows := m.problemRows()
	for i, row := range rows {
		if i == 0 {
			sh.put(1, 2, st.red.Bold(true), "!")
		}
		sh.put(3, 2+i, st.red.Bold(true), row)
	}
	switch {
	case rows != nil:
	case s.Problem != "":
		sh.fit(x, 1, m.w-x-1, st.red.Bold(true), "! "+s.Problem)
	case s.Last.From != "":
		sh.fit(x, 1, m.w-x-1, st.dim, strings.TrimSuffix("← "+s.Last.From+": "+s.Last.Reason, ": "))
	default:
		sh.fit(x, 1, m.w-x-1, st.dim, s.Last.Reason)
	}
}

// stateParts are the texts on the left of the state bar.
type stateParts struct{ mark, name, more, since string }

// stateWidth returns the left part of the state bar, and the column where its right part begins.
func (m Model) stateWidth() (x int, parts stateParts) {
	s := m.s
	parts.mark = "▶ "
	if s.Status != "" && s.Status != StatusRunning {
		parts.mark = string(s.Status) + " in "
	}
	x = 1 + width(parts.mark)
	if others := s.others(); len(others) > 0 {
		parts.more = fmt.Sprintf(" (+%d)", len(others))
	}
	parts.name = shorten(s.Current, max(m.w-x-9-width(parts.more), 8))
	x += width(parts.name) + width(parts.more) + 2
	if !s.Since.IsZero() && parts.mark == "▶ " {
		parts.since = elapsed(s.Time.Sub(s.Since))
		x += max(width(parts.since), 6) + 2
	}
	return x, parts
}

// A panel is a part of the screen. Draw draws the snapshot on a sheet of the size that SetSize has set.
type panel interface {
	Draw(sh *sheet, s Snapshot, st styles)
}

// drawAll draws all panels with rules between them: the wide screen.
func (m Model) drawAll(sh *sheet) {
	st := m.styles
	top, h := m.top(), m.picture.h
	bottom := top + 1 + h
	sh.hline(0, top, m.w, st.rule, "─")
	sh.hline(0, bottom, m.w, st.rule, "─")
	x := 0
	for i, p := range []struct {
		title string
		panel panel
		w     int
	}{
		{m.picture.title(m.s), m.picture, m.picture.w}, {"states", m.states, m.states.w}, {"lines", m.lines, m.lines.w},
	} {
		if p.w == 0 {
			continue // no lines
		}
		if i > 0 {
			sh.put(x, top, st.rule, "┬")
			sh.vline(x, top+1, h, st.rule, "│")
			sh.put(x, bottom, st.rule, "┴")
			x++
		}
		sh.fit(x+1, top, p.w-2, st.heading, " "+p.title+" ")
		p.panel.Draw(sh.part(x, top+1, p.w, h), m.s, st)
		x += p.w
	}
	sh.fit(1, bottom, m.w-2, st.heading, " "+m.log.title(m.s)+" ")
	m.log.Draw(sh.part(0, bottom+1, m.log.w, m.log.h), m.s, st)
}

// drawOne draws a row of tabs and the chosen panel: the narrow screen.
func (m Model) drawOne(sh *sheet) {
	st := m.styles
	top := m.top()
	sh.hline(0, top, m.w, st.rule, "─")
	x := 0
	for i, title := range []string{m.picture.title(m.s), "states", "lines", "log"} {
		look := st.dim
		if i == m.tab {
			title, look = "["+title+"]", lit(st.plain)
		} else {
			title = " " + title + " "
		}
		sh.fit(x, top, m.w-x, look, title)
		x += width(title)
	}
	shown := []panel{m.picture, m.states, m.lines, m.log}[m.tab]
	shown.Draw(sh.part(0, top+1, m.w, m.bodyHeight()), m.s, st)
}

// helpBar draws the last row: keys with their help, without help where room is short, and always those for help and quit.
func (m Model) helpBar(sh *sheet) {
	var keys []key.Help
	if !m.wide() {
		keys = append(keys, key.Help{Key: "tab", Desc: "next"})
	}
	for _, own := range m.options.Keys {
		keys = append(keys, key.Help{Key: own.Key, Desc: own.Help})
	}
	if len(m.options.Keys) == 0 && m.keys.push.Enabled() {
		keys = append(keys, key.Help{Key: "↑↓ space", Desc: "push"})
	}
	if m.keys.pause.Enabled() {
		keys = append(keys, m.keys.pause.Help())
	}
	if m.keys.faster.Enabled() {
		keys = append(keys, key.Help{Key: "+/-", Desc: "speed"})
	}
	y := m.h - 1
	write := func(x int, k key.Help) int {
		sh.put(x, y, m.styles.strong, k.Key)
		sh.put(x+width(k.Key)+1, y, m.styles.dim, k.Desc)
		return x + width(k.Key) + 1 + width(k.Desc) + 2
	}
	const last = len("? help  q quit ")
	write(write(m.w-last, m.keys.help.Help()), m.keys.quit.Help())
	room := m.w - last - 3
	explained := len(keys)
	for ; explained > 0; explained-- {
		need := 0
		for i, k := range keys {
			need += width(k.Key) + 1
			if i < explained {
				need += width(k.Desc) + 2
			}
		}
		if need <= room {
			break
		}
	}
	x := 1
	for i, k := range keys {
		switch {
		case i < explained:
			x = write(x, k)
		case x+width(k.Key) <= room:
			sh.put(x, y, m.styles.strong, k.Key)
			x += width(k.Key) + 1
		}
	}
}

// helpRows returns the rows of the help page, in two columns if the screen is wide enough. A heading has no Key, only a
// Desc; an empty row has neither.
func (m Model) helpRows() (left, right []key.Help) {
	heading := func(text string) key.Help { return key.Help{Desc: text} }
	if len(m.options.Keys) > 0 {
		left = append(left, heading("machine"))
		for _, own := range m.options.Keys {
			left = append(left, key.Help{Key: own.Key, Desc: own.Help})
		}
		left = append(left, key.Help{})
	}
	left = append(left, heading("symbols"),
		key.Help{Key: "▶", Desc: "current state"},
		key.Help{Key: "▷", Desc: "other active state"},
		key.Help{Key: "▽", Desc: "active states are inside"},
		key.Help{Key: "● ○", Desc: "output: on, off"},
		key.Help{Key: "■ □", Desc: "input: pressed, released"},
		key.Help{Key: "(R) ( )", Desc: "lamp: lit, dark"},
		key.Help{Key: "▄▄ " + person, Desc: "car, pedestrian"},
	)
	right = append(right, heading("screen"))
	for _, b := range m.keys.all() {
		if b.Enabled() {
			right = append(right, b.Help())
		}
	}
	if m.w < wideWidth {
		return append(append(left, key.Help{}), right...), nil
	}
	return left, right
}

// drawHelp draws the help page in place of the panels.
func (m Model) drawHelp(sh *sheet) {
	st := m.styles
	left, right := m.helpRows()
	w := m.w - 3
	if len(right) > 0 {
		w = (m.w - 5) / 2
	}
	top := m.top()
	sh.hline(0, top, m.w, st.rule, "─")
	sh.fit(1, top, m.w-2, st.heading, " help ")
	h := m.bodyHeight()
	sh.part(0, top+1, m.w, h).list(max(len(left), len(right)), h/2, m.helpOffset, func(rows *sheet) {
		for i, column := range [][]key.Help{left, right} {
			x := 2 + i*(w+2)
			for y, k := range column {
				if k.Key == "" {
					rows.fit(x, y, w, st.heading, k.Desc)
					continue
				}
				rows.fit(x, y, 9, st.strong, k.Key)
				rows.fit(x+10, y, w-10, st.plain, k.Desc)
			}
		}
	})
}
