package intersection

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// inTurn returns a definition in which all phases of a crossing have green in turn: the definition of two roads, with the
// states of a phase repeated for each phase and named after it.
func inTurn(c *Config) []byte {
	const first, second = `    "NorthSouthCalls": {`, `    "EastWestCalls": {`
	text := string(twoPhases)
	begin, middle := strings.Index(text, first), strings.Index(text, second)
	end := strings.Index(text, `    "NightFlash": {`)
	block := text[begin:middle]
	var b strings.Builder
	all := make([]string, len(c.Phases))
	for i, p := range c.Phases {
		all[i] = fmt.Sprintf("%q: %q", p.Name, Red)
	}
	b.WriteString(strings.NewReplacer(
		`{"north-south": "red", "east-west": "red"}`, "{"+strings.Join(all, ", ")+"}",
		`"NorthSouthCalls"`, `"`+camel(c.Phases[0].Name)+`Calls"`,
	).Replace(text[:begin]))
	for i, p := range c.Phases {
		next := c.Phases[(i+1)%len(c.Phases)]
		b.WriteString(strings.NewReplacer(
			"north-south", p.Name, "NorthSouth", camel(p.Name), "EastWest", camel(next.Name),
		).Replace(block))
	}
	b.WriteString(text[end:])
	return []byte(b.String())
}

// camel converts a phase's name to the prefix of its states: north-south to NorthSouth.
func camel(name string) string {
	var b strings.Builder
	for _, word := range strings.Split(name, "-") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// rings are the phases of the dual ring's definition: by side of the barrier, then by ring.
var rings = [2][2][]string{
	{{"north-left", "south"}, {"south-left", "north"}},
	{{"east-left", "west"}, {"west-left", "east"}},
}

// fitRings checks that a crossing has the phases that the dual ring's definition needs, and lets them go together as it does.
func fitRings(file string, c *Config) error {
	wanted := make([]string, 0, MaxPhases)
	for _, side := range rings {
		wanted = append(wanted, slices.Concat(side[0], side[1])...)
	}
	var missing []string
	for _, name := range wanted {
		if c.phase(name) < 0 {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return fmt.Errorf("%s: the intersection-dual-ring machine needs the phases %s; missing are %s: describe them, or run intersection, "+
			"which takes any", file, strings.Join(wanted, ", "), strings.Join(missing, ", "))
	}
	for _, side := range rings {
		for _, one := range side[0] {
			for _, other := range side[1] {
				if c.conflicts[c.phase(one)][c.phase(other)] {
					return fmt.Errorf("%s: %s and %s conflict, and the intersection-dual-ring machine gives them green together; "+
						"run intersection, where one phase goes after the other", file, one, other)
				}
			}
		}
	}
	for _, side := range rings {
		for _, name := range slices.Concat(side[0][1:], side[1][1:]) {
			if len(c.Phases[c.phase(name)].Crosswalks) == 0 {
				return fmt.Errorf("%s: phase %s has no pedestrian heads, and the intersection-dual-ring machine lets its pedestrians walk",
					file, name)
			}
		}
	}
	return nil
}

// drawBoard returns a board for a crossing. Outputs are active-high and on GPIO9 to GPIO27, inputs on GPIO0 to GPIO8, if that
// is enough for all; else all lines are on expanders with sixteen lines each.
func drawBoard(c *Config, name string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "name: %s\nlines:\n", name)
	outputs, inputs := c.outputs, c.inputs()
	expander := 0
	next := func() string {
		wiring := fmt.Sprintf("chip: expander-%d, line: %d", expander/16+1, expander%16)
		expander++
		return wiring
	}
	const firstOut, lastOut, lastIn = 9, 27, 8
	header := len(outputs) <= lastOut-firstOut+1 && len(inputs) <= lastIn+1
	for i, line := range outputs {
		wiring := fmt.Sprintf("bcm: %d", firstOut+i)
		if !header {
			wiring = next()
		}
		level := map[bool]string{true: "high", false: "low"}[c.safe(i)]
		fmt.Fprintf(&b, "  %s: {%s, direction: out, safe: %s}\n", line, wiring, level)
	}
	for i, line := range inputs {
		wiring := fmt.Sprintf("bcm: %d", lastIn-i)
		if !header {
			wiring = next()
		}
		fmt.Fprintf(&b, "  %s: {%s, direction: in, active-low: true, pull: up, debounce: 20ms}\n", line, wiring)
	}
	var pairs []string
	never := func(one, other string) { pairs = append(pairs, fmt.Sprintf("  - [%s, %s]\n", one, other)) }
	for p := range c.Phases {
		for q := range c.Phases {
			if p < q && c.conflicts[p][q] {
				c.neverTogether(&c.Phases[p], &c.Phases[q], never)
			}
		}
	}
	if pairs != nil {
		b.WriteString("never:\n" + strings.Join(pairs, ""))
	}
	return b.Bytes()
}

// neverTogether calls never for each two lamps of two conflicting phases that must not be lit together.
func (c *Config) neverTogether(p, q *Phase, never func(one, other string)) {
	for _, h := range p.Heads {
		for _, o := range q.Heads {
			never(h.Name+".green", o.Name+".green")
			never(h.Name+".green", o.Name+".amber")
			never(h.Name+".amber", o.Name+".green")
			if c.Style != UK { // at UK start-up all heads but one show amber
				never(h.Name+".amber", o.Name+".amber")
			}
		}
	}
	for _, pair := range [2][2]*Phase{{p, q}, {q, p}} {
		for _, w := range pair[0].Crosswalks {
			for _, h := range pair[1].Heads {
				never(w.Name+".walk", h.Name+".green")
				never(w.Name+".walk", h.Name+".amber")
			}
		}
	}
	for _, w := range p.Crosswalks {
		for _, o := range q.Crosswalks {
			never(w.Name+".walk", o.Name+".walk")
		}
	}
}
