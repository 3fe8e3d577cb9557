package tui

import (
	"fmt"
	"strconv"
	"strings"

	"signalbox/machines/intersection"
)

// A crossing is the intersection seen from above, north at the top, with right-hand traffic. The head for the drivers of an
// arm is beside its stop line, the pedestrian signal of a crosswalk at the kerb. A number at the end of a lane counts the
// cars that do not fit there.
//
//	        (R) │ ▆ ╎ N │
//	        ( ) │ ▆ ╎   │ ( )( )(G)
//	        ( ) │ ▆ ╎   │
//	    ☻ DON'T │║ ║ ║ ║│ WALK
//	────────────┘       └────────────
//	W        ══           ══ ▄▄ ▄▄
//	╌╌╌╌╌╌╌╌ ══           ══ ╌╌╌╌╌╌╌╌
type crossing struct {
	*sheet
	s            Snapshot
	v            intersection.View
	st           styles
	laneW, laneH int // a lane of the vertical road in columns, of the horizontal one in rows
	x0, x1, cx   int // the vertical road: columns of its kerbs and its centre line
	y0, y1, cy   int // the horizontal road: rows of the same
	zebra        int // columns of the crosswalks over the horizontal road
	big          bool
}

// roadLines are the prefixes of the lines of a road, for a View that names no heads.
var roadLines = [2]string{intersection.NorthSouth: "north-south", intersection.EastWest: "east-west"}

const person = "☻"

// drawCrossing draws a crossing in the largest of four sizes that fits, the smallest of which is text.
func drawCrossing(sh *sheet, s Snapshot, v intersection.View, st styles) {
	if v.Heads == [4]string{} && v.LeftHeads == [4]string{} { // two roads
		for side := range v.Heads {
			v.Heads[side], v.Walks[side] = roadLines[side%2], roadLines[side%2]
		}
	}
	if text, look := crossingStatus(s, v, st); text != "" && sh.h >= 13 {
		sh.fit(0, 0, sh.w, look, text)
		sh = sh.part(0, 1, sh.w, sh.h-1)
	}
	c := crossing{sheet: sh, s: s, v: v, st: st, laneW: 3, laneH: 1, zebra: 2}
	switch {
	case sh.w >= 72 && sh.h >= 27:
		c.laneW, c.laneH, c.zebra, c.big = 7, 3, 3, true
	case sh.w >= 46 && sh.h >= 17:
		c.laneW, c.laneH, c.zebra = 5, 2, 2
	case sh.w < 32 || sh.h < 11:
		c.drawText()
		return
	}
	c.x0 = (c.w - 2*c.laneW - 3) / 2
	c.cx = c.x0 + c.laneW + 1
	c.x1 = c.cx + c.laneW + 1
	c.y0 = (c.h - 2*c.laneH - 3) / 2
	c.cy = c.y0 + c.laneH + 1
	c.y1 = c.cy + c.laneH + 1
	c.roads()
	c.queues()
	c.crossingCars()
	c.heads()
	c.pedestrians()
	c.put(0, c.h-1, st.dim, fmt.Sprintf("%d passed", v.Passed))
}

// crossingStatus returns the row above the picture: what is unusual, or else the calls. The look shows the urgency.
func crossingStatus(s Snapshot, v intersection.View, st styles) (string, look) {
	switch {
	case v.Mode == intersection.NoMode:
		return "", st.plain
	case s.Status == StatusFlashing:
		return "FLASHING: a fault is latched", lit(st.red)
	case v.Emergency != "":
		return "EMERGENCY " + v.Emergency, st.red.Bold(true)
	case v.Mode == intersection.Ending:
		return "ending, then FLASHING", st.red.Bold(true)
	case v.Mode == intersection.Flashing && v.Night:
		return "FLASHING for the night", st.amber.Bold(true)
	case v.Mode == intersection.Flashing:
		return "FLASHING: out of order", st.red.Bold(true)
	case v.Failed != "":
		return "failed: " + v.Failed, st.amber.Bold(true)
	case v.Calls != "":
		return "calls: " + v.Calls, st.dim
	}
	return "no calls", st.dim
}

// drawText draws the crossing as rows of text: one for each head, as many as fit, then cars and pedestrians.
func (c crossing) drawText() {
	y := 0
	drawn := map[string]bool{"": true}
	for side := range c.v.Heads {
		for _, name := range []string{c.v.Heads[side], c.v.LeftHeads[side]} {
			if drawn[name] || y > c.h-5 {
				continue
			}
			drawn[name] = true
			c.fit(0, y, 12, c.st.plain, name)
			x := 13
			if c.head(x, y, name, false) {
				x += 10
			}
			if name == c.v.Heads[side] {
				text, look := c.walkSignal(c.v.Walks[side], false)
				c.put(x, y, look, text)
			}
			y++
		}
	}
	q := c.v.Queue
	c.fit(0, y, c.w, c.st.plain, fmt.Sprintf("cars N %d  E %d  S %d  W %d", q[0], q[1], q[2], q[3]))
	q = c.v.Crossing
	c.fit(0, y+1, c.w, c.st.plain, fmt.Sprintf("crossing N %d  E %d  S %d  W %d", q[0], q[1], q[2], q[3]))
	p, w := c.v.Pedestrians, c.v.Walking
	c.fit(0, y+2, c.w, c.st.plain, fmt.Sprintf("people %d wait, %d cross", p[0]+p[1], w[0]+w[1]))
	c.fit(0, y+3, c.w, c.st.dim, fmt.Sprintf("%d passed", c.v.Passed))
}

// roads draws kerbs, centre lines, crosswalks and the letters of the sides.
func (c crossing) roads() {
	kerb, paint := c.st.plain, c.st.dim
	for _, y := range []int{c.y0, c.y1} {
		c.hline(0, y, c.x0, kerb, "─")
		c.hline(c.x1+1, y, c.w-c.x1-1, kerb, "─")
	}
	for _, x := range []int{c.x0, c.x1} {
		c.vline(x, 0, c.y0, kerb, "│")
		c.vline(x, c.y1+1, c.h-c.y1-1, kerb, "│")
	}
	c.put(c.x0, c.y0, kerb, "┘")
	c.put(c.x1, c.y0, kerb, "└")
	c.put(c.x0, c.y1, kerb, "┐")
	c.put(c.x1, c.y1, kerb, "┌")
	c.vline(c.cx, 0, c.y0-1, paint, "╎")
	c.vline(c.cx, c.y1+2, c.h-c.y1-2, paint, "╎")
	edge := c.zebra + 2 // from the kerb to the end of the crosswalk
	c.hline(0, c.cy, c.x0-edge, paint, "╌")
	c.hline(c.x1+edge+1, c.cy, c.w-c.x1-edge-1, paint, "╌")

	stripes := strings.TrimSpace(strings.Repeat("║ ", c.laneW+1))
	c.put(c.x0+1, c.y0-1, paint, stripes)
	c.put(c.x0+1, c.y1+1, paint, stripes)
	for y := c.y0 + 1; y < c.y1; y++ {
		c.hline(c.x0-1-c.zebra, y, c.zebra, paint, "═")
		c.hline(c.x1+2, y, c.zebra, paint, "═")
	}

	c.centre(c.cx+1, 0, c.laneW, c.st.strong, "N")
	c.centre(c.x0+1, c.h-1, c.laneW, c.st.strong, "S")
	c.put(c.w-1, c.cy+(c.laneH+1)/2, c.st.strong, "E")
	c.put(0, c.cy-(c.laneH+1)/2, c.st.strong, "W")
}

// cars returns the picture of a car on the horizontal road and on the vertical one, for the size of the lanes.
func (c crossing) cars() (across, along []string) {
	switch c.laneH {
	case 1:
		return []string{"▄▄"}, []string{"▆"}
	case 2:
		return []string{"▄▄▄▄", "▀▀▀▀"}, []string{"▄▄▄", "▀▀▀"}
	default:
		return []string{"▄▄▄▄▄▄", "██████"}, []string{"▄▄▄▄", "████", "████"}
	}
}

// sprite draws rows of characters with the first at x, y.
func (c crossing) sprite(x, y int, look look, rows []string) {
	for i, row := range rows {
		c.put(x, y+i, look, row)
	}
}

// queues draws the cars behind the stop lines.
func (c crossing) queues() {
	across, along := c.cars()
	long, wide := width(across[0])+1, width(along[0])
	look := c.st.blue

	inX := c.x0 + 1 + (c.laneW-wide)/2 // southbound: the left lane on the screen
	outX := c.cx + 1 + (c.laneW-wide+1)/2
	tall := len(along)
	n, rest := fitCars(c.v.Queue[intersection.North], c.y0-1, tall, 1)
	for i := range n {
		c.sprite(inX, c.y0-1-(i+1)*tall, look, along)
	}
	c.centre(c.x0+1, 0, c.laneW, c.st.strong, rest)
	n, rest = fitCars(c.v.Queue[intersection.South], c.h-c.y1-2, tall, 1)
	for i := range n {
		c.sprite(outX, c.y1+2+i*tall, look, along)
	}
	c.centre(c.cx+1, c.h-1, c.laneW, c.st.strong, rest)

	left, y := c.x1+c.zebra+3, c.y0+1 // westbound: the upper lane
	n, rest = fitCars(c.v.Queue[intersection.East], c.w-left, long, 2)
	for i := range n {
		c.sprite(left+i*long, y, look, across)
	}
	c.right(left, y, c.w-left, c.st.strong, rest)
	right := c.x0 - c.zebra - 2
	n, rest = fitCars(c.v.Queue[intersection.West], right, long, 2)
	for i := range n {
		c.sprite(right-(i+1)*long+1, c.cy+1, look, across)
	}
	c.put(0, c.cy+1, c.st.strong, rest)
}

// fitCars returns how many of n cars fit into a lane of length room, and the label for the rest, which takes the length
// label; long is the length of a car with its gap.
func fitCars(n, room, long, label int) (fit int, rest string) {
	if n*long <= room+1 {
		return n, ""
	}
	fit = max((room-label)/long, 0)
	return fit, "+" + strconv.Itoa(n-fit)
}

// crossingCars draws a car for each side whose cars are between the stop lines, with an arrow in its direction.
func (c crossing) crossingCars() {
	across, along := c.cars()
	long, wide := width(across[0]), width(along[0])
	look := c.st.blue.Bold(true)
	if n := c.v.Crossing[intersection.North]; n > 0 {
		x, y := c.x0+1+(c.laneW-wide)/2, c.cy-len(along)/2
		c.sprite(x, y, look, along)
		c.put(x+wide/2, y+len(along), look, "↓")
	}
	if n := c.v.Crossing[intersection.South]; n > 0 {
		x, y := c.cx+1+(c.laneW-wide+1)/2, c.cy-len(along)/2+(len(along)+1)%2
		c.sprite(x, y, look, along)
		c.put(x+wide/2, y-1, look, "↑")
	}
	if n := c.v.Crossing[intersection.East]; n > 0 {
		x, y := c.cx-long/2+1, c.y0+1
		c.sprite(x, y, look, across)
		c.put(x-1, y+(c.laneH-1)/2, look, "←")
	}
	if n := c.v.Crossing[intersection.West]; n > 0 {
		x, y := c.cx-long/2, c.cy+1
		c.sprite(x, y, look, across)
		c.put(x+long, y+(c.laneH-1)/2, look, "→")
	}
}

// heads draws the signal heads: upright for the vertical road if they fit, else flat.
func (c crossing) heads() {
	h := c.v.Heads
	north, east, south, west := h[intersection.North], h[intersection.East], h[intersection.South], h[intersection.West]
	c.leftHeads()
	if c.big {
		c.housing(c.x0-6, c.y0-7, north, true)
		c.housing(c.x1+2, c.y1+3, south, true)
		c.housing(c.x1+2, c.y0-5, east, false)
		c.housing(c.x0-12, c.y1+3, west, false)
		c.right(0, c.y0-5, c.x0-7, c.st.dim, north)
		c.put(c.x1+14, c.y0-4, c.st.dim, east)
		c.right(0, c.y1+4, c.x0-13, c.st.dim, west)
		c.put(c.x1+8, c.y1+5, c.st.dim, south)
		return
	}
	up := c.y0 >= 4
	if up {
		c.head(c.x0-4, c.y0-4, north, true)
		c.head(c.x1+2, c.y1+2, south, true)
	} else {
		c.head(c.x0-10, c.y0-2, north, false)
		c.head(c.x1+2, c.y1+2, south, false)
	}
	c.head(c.x1+2, c.y0-3, east, false)
	c.head(c.x0-10, c.y1+3, west, false)
}

// leftHeads draws the heads for left turns, each with its lit lamps and the number of waiting cars: ◄(R)3.
func (c crossing) leftHeads() {
	at := [4][2]int{
		intersection.North: {c.x0 - 10, c.y0 - 3}, intersection.East: {c.x1 + 2, c.y0 - 4},
		intersection.South: {c.x1 + 6, c.y1 + 3}, intersection.West: {c.x0 - 10, c.y1 + 4},
	}
	if c.big {
		at = [4][2]int{
			intersection.North: {c.x0 - 13, c.y0 - 3}, intersection.East: {c.x1 + 14, c.y0 - 2},
			intersection.South: {c.x1 + 8, c.y1 + 7}, intersection.West: {c.x0 - 20, c.y1 + 6},
		}
	}
	for side, name := range c.v.LeftHeads {
		if name == "" {
			continue
		}
		text, look := c.litLamps(name)
		cars := ""
		if n := c.v.Left[side]; n > 0 {
			cars = strconv.Itoa(n)
		}
		x, y := at[side][0], at[side][1]
		if x < 0 || y < 0 || x+6 > c.w || y >= c.h {
			continue // it does not fit
		}
		c.put(x, y, c.st.plain, "◄")
		c.put(x+1, y, look, text)
		c.put(x+1+width(text), y, c.st.blue, cars)
	}
}

// A headLamp is a lamp of a vehicle head: the end of its line's name, and its letter and colour on the screen.
type headLamp struct {
	name, letter string
	look         look
}

// headLamps returns the lamps of a vehicle head from the top down.
func (st styles) headLamps() [3]headLamp {
	return [3]headLamp{{"red", "R", st.red}, {"amber", "A", st.amber}, {"green", "G", st.green}}
}

// litLamps returns the letters of the lit lamps of a head in parentheses, and their look.
func (c crossing) litLamps(name string) (string, look) {
	text, shown := "", c.st.dim
	for _, lamp := range c.st.headLamps() {
		if c.s.high(name + "." + lamp.name) {
			text += lamp.letter
			shown = lit(lamp.look)
		}
	}
	if text == "" {
		text = " "
	}
	return "(" + text + ")", shown
}

// housing draws a head with a frame, if the board has its lamps.
func (c crossing) housing(x, y int, name string, upright bool) {
	w, h := 11, 3
	if upright {
		w, h = 5, 5
	}
	if c.head(x+1, y+1, name, upright) {
		c.box(x, y, w, h, c.st.plain)
		c.head(x+1, y+1, name, upright)
	}
}

// head draws the lamps of a head and reports whether the board has any. A lit lamp shows its letter.
func (c crossing) head(x, y int, name string, upright bool) bool {
	found := false
	for _, lamp := range c.st.headLamps() {
		if l, ok := c.s.line(name + "." + lamp.name); ok {
			found = true
			if l.High {
				c.put(x, y, lit(lamp.look), "("+lamp.letter+")")
			} else {
				c.put(x, y, c.st.dim, "( )")
			}
		}
		if upright {
			y++
		} else {
			x += 3
		}
	}
	return found
}

// walkSignal returns the text and look of a pedestrian signal, "" if the board has none; long chooses the long text.
func (c crossing) walkSignal(name string, long bool) (string, look) {
	walk, ok1 := c.s.line(name + ".walk")
	dont, ok2 := c.s.line(name + ".dont-walk")
	no := "DON'T"
	if long {
		no = "DON'T WALK"
	}
	switch {
	case !ok1 && !ok2:
		return "", c.st.plain
	case walk.High && dont.High:
		return "BOTH!", lit(c.st.red)
	case walk.High:
		return "WALK", lit(c.st.green)
	case dont.High:
		return no, lit(c.st.red)
	default:
		return "dark", c.st.dim
	}
}

// pedestrians draws the pedestrian signals at the kerbs, and the people who wait there or cross. People who walk along the
// north-south road cross the east-west road.
func (c crossing) pedestrians() {
	waiting := func(a, room int) string { return repeatSymbol(person, c.v.Pedestrians[a], room) }
	ew, ns := intersection.EastWest, intersection.NorthSouth

	// People walk along a road on the side of the traffic in their direction: beside the west-bound lane, which comes from
	// the east, they cross the northern arm.
	text, look := c.walkSignal(c.v.Walks[intersection.East], c.big)
	y := c.y0 - 1
	x := c.x0 - 1
	if text != "" {
		x -= width(text)
		c.put(x, y, look, text)
		x--
	}
	if text, look := c.walkSignal(c.v.Walks[intersection.West], c.big); text != "" {
		c.put(c.x1+1+1, c.y1+1, look, text)
	}
	people := waiting(ew, min(6, x))
	c.put(x-width(people), y, c.st.cyan, people)

	text, look = c.walkSignal(c.v.Walks[intersection.North], c.big)
	x = c.x0 - 1
	if text != "" {
		x -= width(text)
		c.put(x, c.y1+1, look, text)
		x--
	}
	if text, look := c.walkSignal(c.v.Walks[intersection.South], c.big); text != "" {
		c.put(c.x1+2, c.y0-1, look, text)
	}
	people = waiting(ns, min(6, x))
	c.put(x-width(people), c.y1+1, c.st.cyan, people)

	walkers := c.st.cyan.Bold(true)
	for i := range min(c.v.Walking[ew], c.laneW-1) {
		c.put(c.x0+2+2*i, c.y0-1, walkers, person)
	}
	for i := range min(c.v.Walking[ns], 2*c.laneH) {
		c.put(c.x0-1-c.zebra+i%c.zebra, c.y1-1-i, walkers, person)
	}
}
