package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// Below these sizes the screen shows one panel at a time, and below those a sentence.
const (
	wideWidth, wideHeight   = 76, 22
	leastWidth, leastHeight = 24, 8
)

// The panels, in the order in which the tab key goes through them.
const (
	picture = iota
	states
	lines
	logs
	panels
)

// wheel is how many log lines a notch of the mouse's wheel scrolls.
const wheel = 3

// A Model is the screen. It implements tea.Model; its messages are [Snapshot]s and what Bubble Tea sends.
type Model struct {
	options Options
	keys    keyMap
	styles  styles

	w, h    int
	shown   int // the panel in sight when there is room for one only
	helping bool
	helped  int // help lines scrolled away
	s       Snapshot

	picture picturePanel
	states  statesPanel
	lines   linesPanel
	log     logPanel
}

// New returns a screen that has not got a snapshot yet, for a terminal of 80 by 24 until it is told another size.
func New(o Options) Model {
	m := Model{options: o, keys: newKeyMap(o), styles: newStyles(o.NoColor), w: 80, h: 24}
	m.lines.pushable = o.Toggle != nil
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

// Update implements tea.Model.
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
			m.log.scroll(m.s, -wheel)
		case tea.MouseWheelDown:
			m.log.scroll(m.s, wheel)
		}
	case tea.KeyPressMsg:
		cmd := m.press(msg)
		return m, cmd
	}
	return m, nil
}

func (m *Model) press(msg tea.KeyPressMsg) tea.Cmd {
	k := m.keys
	switch {
	case key.Matches(msg, k.quit):
		return tea.Quit
	case key.Matches(msg, k.help):
		m.helping, m.helped = !m.helping, 0
	case key.Matches(msg, k.leave):
		m.helping = false
	case key.Matches(msg, k.pause):
		return do(m.options.TogglePause)
	case key.Matches(msg, k.faster):
		return m.speed(1)
	case key.Matches(msg, k.slower):
		return m.speed(-1)
	case key.Matches(msg, k.next):
		m.shown = (m.shown + 1) % panels
	case key.Matches(msg, k.previous):
		m.shown = (m.shown + panels - 1) % panels
	case key.Matches(msg, k.up):
		m.move(-1)
	case key.Matches(msg, k.down):
		m.move(1)
	case key.Matches(msg, k.push):
		if line := m.lines.selected; line != "" {
			return do(func() { m.options.Toggle(line) })
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
				return do(own.Do)
			}
		}
	}
	return nil
}

// do wraps something that takes its time.
func do(f func()) tea.Cmd {
	if f == nil {
		return nil
	}
	return func() tea.Msg {
		f()
		return nil
	}
}

// paces are the speeds that the keys go through.
var paces = []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}

// speed changes the clock's speed by so many steps. What it will be is shown at once, so that the next key goes on
// from there.
func (m *Model) speed(steps int) tea.Cmd {
	i, exact := slices.BinarySearch(paces, m.s.Speed)
	switch {
	case m.s.Speed == 0 && steps < 0:
		i = len(paces) - 1 // from as fast as it goes
	case m.s.Speed == 0:
		return nil
	case steps < 0 || exact:
		i += steps
	}
	pace := paces[min(max(i, 0), len(paces)-1)]
	m.s.Speed = pace
	set := m.options.SetSpeed
	return do(func() { set(pace) })
}

// move is what the up and down keys do.
func (m *Model) move(n int) {
	switch {
	case m.helping:
		m.helped = min(max(m.helped+n, 0), m.helpScroll())
	case m.wide() || m.shown == lines:
		m.lines.move(m.s, n)
	case m.shown == states:
		m.states.scroll = min(max(m.states.scroll+n, -len(m.s.States)), len(m.s.States))
	case m.shown == logs:
		m.log.scroll(m.s, n)
	}
}

// helpScroll is how many rows the help page can be scrolled.
func (m Model) helpScroll() int {
	left, right := m.helpRows()
	return max(max(len(left), len(right))-m.room(), 0)
}

// page is what the page keys do: they scroll the log, or the help while it is shown.
func (m *Model) page(n int) {
	if m.helping {
		m.move(n * max(m.room()-1, 1))
		return
	}
	m.log.scroll(m.s, n*max(m.log.h-1, 1))
}

func (m Model) wide() bool  { return m.w >= wideWidth && m.h >= wideHeight }
func (m Model) small() bool { return m.w < leastWidth || m.h < leastHeight }

// room is the height between the rule below the head of the screen and the help bar.
func (m Model) room() int { return m.h - 4 }

// layout gives each panel its size.
func (m *Model) layout() {
	if !m.wide() {
		for _, p := range []interface{ SetSize(w, h int) }{&m.picture, &m.states, &m.lines, &m.log} {
			p.SetSize(m.w, m.room())
		}
		return
	}
	room := m.room() - 1 // the rule above the log
	logH := max(room*27/100, 4)
	h := room - logH
	spare := m.w - 2 // two rules
	// First what each cannot do without, then what makes it better, in the order of who gains most.
	pictureW := m.picture.least(m.s)
	spare -= pictureW
	linesW := min(max(m.lines.least(m.s), 18), 30, spare-18)
	if !m.s.hasLines() {
		linesW = 0
		spare++ // and no rule
	}
	spare -= linesW
	statesW := min(max(m.states.least(m.s), 14), 28, spare)
	spare -= statesW
	grow := func(w *int, to int) {
		more := min(max(to-*w, 0), spare)
		*w += more
		spare -= more
	}
	grow(&pictureW, 46)
	grow(&statesW, min(m.states.wish(m.s), 40))
	grow(&pictureW, 72)
	grow(&statesW, min(m.states.wish(m.s), 56))
	if m.s.hasLines() {
		grow(&linesW, m.lines.least(m.s)+10)
	}
	grow(&pictureW, m.picture.wish(m.s))
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

func (m Model) draw() string {
	sh := newSheet(m.w, m.h)
	if m.small() {
		text := fmt.Sprintf("signalbox needs %d × %d, this is %d × %d; q quits", leastWidth, leastHeight, m.w, m.h)
		sh.words(0, 0, m.w, m.h, m.styles.plain, text)
		return sh.String()
	}
	m.titleBar(sh)
	m.stateBar(sh)
	switch {
	case m.helping:
		m.drawHelp(sh)
	case m.wide():
		m.drawAll(sh)
	default:
		m.drawOne(sh)
	}
	m.helpBar(sh)
	return sh.String()
}

// titleBar is the first line: machine, driver, clock, speed, status. What matters least is left out first when it is
// narrow.
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
	parts := [5]string{driver: s.Driver, speed: pace(s), end: status}
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

// pace says how fast the clock goes.
func pace(s Snapshot) string {
	switch {
	case s.Driver == "gpio", s.Driver == "live":
		return "real time"
	case s.Speed == 0:
		return "×max"
	default:
		return "×" + strconv.FormatFloat(s.Speed, 'g', -1, 64)
	}
}

// stateBar is the second line: the current state, how many others the execution is in besides, how long it has been, and why, or what is wrong.
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
	mark := "▶ "
	if s.Status != "" && s.Status != StatusRunning {
		mark = string(s.Status) + " in "
	}
	sh.put(1, 1, st.status(s.Status), mark)
	x := 1 + width(mark)
	more := ""
	if others := s.others(); len(others) > 0 {
		more = fmt.Sprintf(" (+%d)", len(others))
	}
	name := shorten(s.Current, max(m.w-x-9-width(more), 8))
	sh.fit(x, 1, m.w-x-1, st.strong, name)
	x += width(name)
	sh.fit(x, 1, m.w-x-1, st.plain, more)
	x += width(more) + 2
	if !s.Since.IsZero() && mark == "▶ " {
		since := elapsed(s.Time.Sub(s.Since))
		sh.fit(x, 1, m.w-x-1, st.plain, since)
		x += max(width(since), 6) + 2
	}
	switch {
	case s.Problem != "":
		sh.fit(x, 1, m.w-x-1, st.red.Bold(true), "! "+s.Problem)
	case s.Last.From != "":
		sh.fit(x, 1, m.w-x-1, st.dim, strings.TrimSuffix("← "+s.Last.From+": "+s.Last.Reason, ": "))
	default:
		sh.fit(x, 1, m.w-x-1, st.dim, s.Last.Reason)
	}
}

// A panel is a part of the screen. It draws on a sheet of the size that it was told.
type panel interface {
	Draw(sh *sheet, s Snapshot, st styles)
}

// drawAll draws all panels, with rules between them.
func (m Model) drawAll(sh *sheet) {
	st := m.styles
	top, h := 2, m.picture.h
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

// drawOne draws a row of tabs and the panel that is in sight.
func (m Model) drawOne(sh *sheet) {
	st := m.styles
	sh.hline(0, 2, m.w, st.rule, "─")
	x := 0
	for i, title := range []string{m.picture.title(m.s), "states", "lines", "log"} {
		look := st.dim
		if i == m.shown {
			title, look = "["+title+"]", lit(st.plain)
		} else {
			title = " " + title + " "
		}
		sh.fit(x, 2, m.w-x, look, title)
		x += width(title)
	}
	shown := []panel{m.picture, m.states, m.lines, m.log}[m.shown]
	shown.Draw(sh.part(0, 3, m.w, m.room()), m.s, st)
}

// helpBar is the last line: the keys, as many as find room with what they do, and always the last two.
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

// helpRows are the lines of the help page, in two columns if there is room. A heading stands in the second place.
func (m Model) helpRows() (left, right []key.Help) {
	heading := func(text string) key.Help { return key.Help{Desc: text} }
	if len(m.options.Keys) > 0 {
		left = append(left, heading("the machine"))
		for _, own := range m.options.Keys {
			left = append(left, key.Help{Key: own.Key, Desc: own.Help})
		}
		left = append(left, key.Help{})
	}
	left = append(left, heading("signs"),
		key.Help{Key: "▶", Desc: "the machine's state"},
		key.Help{Key: "▷", Desc: "another that it is in"},
		key.Help{Key: "● ○", Desc: "output: on, off"},
		key.Help{Key: "■ □", Desc: "input: pressed, released"},
		key.Help{Key: "(R) ( )", Desc: "lamp: lit, dark"},
		key.Help{Key: "▄▄ " + person, Desc: "car, somebody on foot"},
	)
	right = append(right, heading("the screen"))
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

func (m Model) drawHelp(sh *sheet) {
	st := m.styles
	left, right := m.helpRows()
	w := m.w - 3
	if len(right) > 0 {
		w = (m.w - 5) / 2
	}
	sh.hline(0, 2, m.w, st.rule, "─")
	sh.fit(1, 2, m.w-2, st.heading, " help ")
	h := m.room()
	sh.part(0, 3, m.w, h).list(max(len(left), len(right)), h/2, m.helped, func(rows *sheet) {
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
