package tui

import (
	"fmt"
	"strconv"
	"strings"

	"signalbox/machines/intersection"
)

// A crossing is the intersection seen from above, north on top, traffic on the right. Each arm has the head that its
// drivers see beside its stop line, and each crosswalk its pedestrian signal at the kerb. A number at the end of a
// lane counts the cars that find no room there.
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
	x0, x1, cx   int // the vertical road: its kerbs and its centre line
	y0, y1, cy   int // the horizontal road
	zebra        int // columns of the crosswalks over the horizontal road
	big          bool
}

// approach is the prefix of an approach's lines.
var approach = [2]string{intersection.NorthSouth: "north-south", intersection.EastWest: "east-west"}

const person = "☻"

func drawCrossing(sh *sheet, s Snapshot, v intersection.View, st styles) {
	c := crossing{sheet: sh, s: s, v: v, st: st, laneW: 3, laneH: 1, zebra: 2}
	switch {
	case sh.w >= 72 && sh.h >= 27:
		c.laneW, c.laneH, c.zebra, c.big = 7, 3, 3, true
	case sh.w >= 46 && sh.h >= 17:
		c.laneW, c.laneH, c.zebra = 5, 2, 2
	case sh.w < 32 || sh.h < 11:
		c.words()
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

// words is the crossing for a panel that is too small for a picture.
func (c crossing) words() {
	y := 0
	for a, name := range approach {
		c.fit(0, y, 12, c.st.plain, name)
		x := 13
		if c.head(x, y, a, false) {
			x += 10
		}
		text, look := c.walk(a, false)
		c.put(x, y, look, text)
		y++
	}
	q := c.v.Queue
	c.fit(0, y, c.w, c.st.plain, fmt.Sprintf("cars N %d  E %d  S %d  W %d", q[0], q[1], q[2], q[3]))
	q = c.v.Crossing
	c.fit(0, y+1, c.w, c.st.plain, fmt.Sprintf("crossing N %d  E %d  S %d  W %d", q[0], q[1], q[2], q[3]))
	p, w := c.v.Pedestrians, c.v.Walking
	c.fit(0, y+2, c.w, c.st.plain, fmt.Sprintf("on foot %d wait, %d walk", p[0]+p[1], w[0]+w[1]))
	c.fit(0, y+3, c.w, c.st.dim, fmt.Sprintf("%d passed", c.v.Passed))
}

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

// Cars by the size of the lane: on the horizontal road, on the vertical one.
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
	n, rest := seen(c.v.Queue[intersection.North], c.y0-1, tall, 1)
	for i := range n {
		c.sprite(inX, c.y0-1-(i+1)*tall, look, along)
	}
	c.centre(c.x0+1, 0, c.laneW, c.st.strong, rest)
	n, rest = seen(c.v.Queue[intersection.South], c.h-c.y1-2, tall, 1)
	for i := range n {
		c.sprite(outX, c.y1+2+i*tall, look, along)
	}
	c.centre(c.cx+1, c.h-1, c.laneW, c.st.strong, rest)

	left, y := c.x1+c.zebra+3, c.y0+1 // westbound: the upper lane
	n, rest = seen(c.v.Queue[intersection.East], c.w-left, long, 2)
	for i := range n {
		c.sprite(left+i*long, y, look, across)
	}
	c.right(left, y, c.w-left, c.st.strong, rest)
	right := c.x0 - c.zebra - 2
	n, rest = seen(c.v.Queue[intersection.West], right, long, 2)
	for i := range n {
		c.sprite(right-(i+1)*long+1, c.cy+1, look, across)
	}
	c.put(0, c.cy+1, c.st.strong, rest)
}

// seen returns how many of n things, each so long, have room, and what to write in the room of a label about the rest.
func seen(n, room, long, label int) (fit int, rest string) {
	if n*long <= room+1 {
		return n, ""
	}
	fit = max((room-label)/long, 0)
	return fit, "+" + strconv.Itoa(n-fit)
}

// crossingCars draws the cars between the stop lines, each with an arrow for where it goes.
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

// heads draws the four signal heads: upright beside the vertical road if there is room, else flat.
func (c crossing) heads() {
	ns, ew := intersection.NorthSouth, intersection.EastWest
	if c.big {
		c.housed(c.x0-6, c.y0-7, ns, true)
		c.housed(c.x1+2, c.y1+3, ns, true)
		c.housed(c.x1+2, c.y0-5, ew, false)
		c.housed(c.x0-12, c.y1+3, ew, false)
		c.right(0, c.y0-5, c.x0-7, c.st.dim, approach[ns])
		c.put(c.x1+14, c.y0-4, c.st.dim, approach[ew])
		c.right(0, c.y1+4, c.x0-13, c.st.dim, approach[ew])
		c.put(c.x1+8, c.y1+5, c.st.dim, approach[ns])
		return
	}
	up := c.y0 >= 4
	if up {
		c.head(c.x0-4, c.y0-4, ns, true)
		c.head(c.x1+2, c.y1+2, ns, true)
	} else {
		c.head(c.x0-10, c.y0-2, ns, false)
		c.head(c.x1+2, c.y1+2, ns, false)
	}
	c.head(c.x1+2, c.y0-3, ew, false)
	c.head(c.x0-10, c.y1+3, ew, false)
}

// housed draws a head in its housing.
func (c crossing) housed(x, y, a int, upright bool) {
	w, h := 11, 3
	if upright {
		w, h = 5, 5
	}
	if c.head(x+1, y+1, a, upright) {
		c.box(x, y, w, h, c.st.plain)
		c.head(x+1, y+1, a, upright)
	}
}

// head draws the lamps of an approach, red first, and reports whether the board has any. A lamp that burns shows its
// letter.
func (c crossing) head(x, y, a int, upright bool) bool {
	found := false
	for _, lamp := range []struct {
		name, letter string
		look         look
	}{{"red", "R", c.st.red}, {"amber", "A", c.st.amber}, {"green", "G", c.st.green}} {
		if l, ok := c.s.line(approach[a] + "." + lamp.name); ok {
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

// walk returns what the pedestrian signal of those who walk along an approach shows.
func (c crossing) walk(a int, long bool) (string, look) {
	walk, ok1 := c.s.line(approach[a] + ".walk")
	dont, ok2 := c.s.line(approach[a] + ".dont-walk")
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

// pedestrians draws the pedestrian signals at the kerbs, who waits there, and who is on the road. Those who walk
// along the north-south road cross the east-west road.
func (c crossing) pedestrians() {
	waiting := func(a, room int) string { return count(person, c.v.Pedestrians[a], room) }
	ew, ns := intersection.EastWest, intersection.NorthSouth

	text, look := c.walk(ew, c.big)
	y := c.y0 - 1
	x := c.x0 - 1
	if text != "" {
		x -= width(text)
		c.put(x, y, look, text)
		c.put(c.x1+1+1, c.y1+1, look, text)
		x--
	}
	people := waiting(ew, min(6, x))
	c.put(x-width(people), y, c.st.cyan, people)

	text, look = c.walk(ns, c.big)
	x = c.x0 - 1
	if text != "" {
		x -= width(text)
		c.put(x, c.y1+1, look, text)
		c.put(c.x1+2, c.y0-1, look, text)
		x--
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
