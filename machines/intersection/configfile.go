package intersection

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"signalbox/internal/yamltree"
)

// ParseConfig reads a crossing's description from YAML. File is its name in messages. The error is yamltree.Faults: every
// fault, in file order. A time that is too short or too long is refused with the time that it needs.
func ParseConfig(file string, text []byte) (*Config, error) {
	r := &configReader{
		Tree:       yamltree.Read(file, text, "a crossing: approaches, heads, phases, conflicts"),
		config:     &Config{Style: US, Detectors: defaultDetectors, Buttons: defaultButtons, text: text},
		heads:      map[string]*readHead{},
		crosswalks: map[string]*readCrosswalk{},
		lines:      map[string]int{},
	}
	if root := r.Root(); root != nil {
		r.read(root)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	r.config.finish()
	return r.config, nil
}

// The defaults of what a file leaves out.
var (
	defaultDetectors = SensorLimits{NoActivity: 30 * time.Minute, MaxPresence: 10 * time.Minute, MaxCounts: 90}
	defaultButtons   = SensorLimits{MaxPresence: 2 * time.Minute, MaxCounts: 90}
)

const (
	defaultWalk      = 7 * time.Second // MnDOT timing manual
	defaultEmergency = 3 * time.Minute
)

// A configReader builds a configuration while its tree collects the faults.
type configReader struct {
	*yamltree.Tree
	config     *Config
	heads      map[string]*readHead
	crosswalks map[string]*readCrosswalk
	lines      map[string]int // the row of the file that uses an input line
}

// A readHead is a vehicle head as read, with its phase once that is known.
type readHead struct {
	VehicleHead
	phase int // the index of its phase; -1: none yet
	node  *yaml.Node
}

// A readCrosswalk is a pedestrian head as read, with its phase once that is known.
type readCrosswalk struct {
	Crosswalk
	phase int
	node  *yaml.Node
}

// read reads the whole description, the parts that others refer to first.
func (r *configReader) read(root *yaml.Node) {
	fields := r.Fields(root, "a crossing", "style", "approaches", "heads", "pedestrians", "phases", "conflicts",
		"emergencies", "night", "detectors", "buttons")
	if root.Kind != yaml.MappingNode {
		return
	}
	if m, ok := fields["style"]; ok {
		text, _ := r.Choice(m.Value, "style", string(US), string(UK))
		r.config.Style = Style(text)
	}
	for _, part := range []struct {
		name string
		read func(yamltree.Member)
		must bool
	}{
		{"approaches", r.approach, true},
		{"heads", r.head, true},
		{"pedestrians", r.crosswalk, false},
		{"phases", r.phase, true},
		{"conflicts", r.conflict, true},
		{"emergencies", r.emergency, false},
	} {
		m, ok := fields[part.name]
		if !ok && part.must {
			r.Fault(root, "the crossing has no %s; list them under %s:", part.name, part.name)
		}
		if ok {
			for _, member := range r.Mapping(m.Value, part.name) {
				part.read(member)
			}
		}
	}
	for name, h := range r.heads {
		if h.phase < 0 {
			r.Fault(h.node, "head %s belongs to no phase; name it under heads: of one", name)
		}
	}
	for name, w := range r.crosswalks {
		if w.phase < 0 {
			r.Fault(w.node, "pedestrian head %s belongs to no phase; name it under pedestrians: of one", name)
		}
	}
	if m, ok := fields["phases"]; ok && m.Value.Kind == yaml.MappingNode && len(r.config.Phases) < 2 {
		r.Fault(m.Value, "there are %d phases; a crossing has at least two", len(r.config.Phases))
	}
	if m, ok := fields["night"]; ok {
		r.night(m.Value)
	}
	if m, ok := fields["detectors"]; ok {
		r.limits(m.Value, "detectors", &r.config.Detectors)
	}
	if m, ok := fields["buttons"]; ok {
		r.limits(m.Value, "buttons", &r.config.Buttons)
	}
}

var partName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// name checks the name of a part, which becomes part of the names of lines and states.
func (r *configReader) name(m yamltree.Member, what string) {
	switch {
	case !partName.MatchString(m.Name):
		r.Fault(m.Key, "the name of %s has small letters, digits and dashes, not %q", what, m.Name)
	case strings.HasSuffix(m.Name, pedestrians) || m.Name == "emergency" || m.Name == "night":
		r.Fault(m.Key, "%q cannot be the name of %s: it would mean something else to a definition", m.Name, what)
	}
}

// approach reads an approach: its sides, and the figures that yellow and red clearance are computed from.
func (r *configReader) approach(m yamltree.Member) {
	what := "approach " + m.Name
	r.name(m, "an approach")
	a := Approach{Name: m.Name, Deceleration: defaultDeceleration, Vehicle: defaultVehicle}
	fields := r.Fields(m.Value, what, "from", "speed", "grade", "width", "deceleration", "vehicle")
	if m.Value.Kind != yaml.MappingNode {
		return
	}
	sides := []string{North: "north", East: "east", South: "south", West: "west"}
	if f, ok := fields["from"]; ok {
		for _, n := range r.List(f.Value, what+": from") {
			if text, ok := r.Choice(n, what+": from", sides...); ok {
				a.Sides = append(a.Sides, slices.Index(sides, text))
			}
		}
	}
	if len(a.Sides) == 0 && (fields["from"].Value == nil || len(fields["from"].Value.Content) == 0) {
		r.Fault(m.Key, "%s comes from nowhere; write from: [north], or the sides from which its traffic comes", what)
	}
	a.Speed = r.needed(m, fields, "speed", speeds, 5, 80)
	a.Width = r.needed(m, fields, "width", lengths, 6, 300)
	if f, ok := fields["grade"]; ok {
		a.Grade = r.quantity(f.Value, what+": grade", grades, -15, 15)
	}
	if f, ok := fields["deceleration"]; ok {
		a.Deceleration = r.quantity(f.Value, what+": deceleration", brakings, 5, 20)
	}
	if f, ok := fields["vehicle"]; ok {
		a.Vehicle = r.quantity(f.Value, what+": vehicle", lengths, 10, 120)
	}
	r.config.Approaches = append(r.config.Approaches, a)
}

// needed reads a quantity that a part must have. See quantity.
func (r *configReader) needed(
	m yamltree.Member, fields map[string]yamltree.Member, name string, units []unit, least, most float64,
) float64 {
	f, ok := fields[name]
	if !ok {
		r.Fault(m.Key, "%s has no %s; write %s: and a figure such as %s", m.Name, name, name, units[0].example)
		return 0
	}
	return r.quantity(f.Value, m.Name+": "+name, units, least, most)
}

// A unit is a unit in which a figure may be written, and its size in the first unit of the list.
type unit struct {
	name    string
	factor  float64
	example string
}

var (
	speeds   = []unit{{"mph", 1, "40mph"}, {"km/h", milesPerKm, "60km/h"}}
	lengths  = []unit{{"ft", 1, "36ft"}, {"m", feetPerMetre, "11m"}}
	grades   = []unit{{"%", 1, "-2%"}}
	brakings = []unit{{"ft/s2", 1, "10ft/s2"}, {"m/s2", feetPerMetre, "3m/s2"}}
)

var figure = regexp.MustCompile(`^(-?[0-9]+(?:\.[0-9]+)?) ?([a-z%/0-9]*)$`)

// quantity reads a figure with its unit. The result, least and most are in the first of units.
func (r *configReader) quantity(n *yaml.Node, what string, units []unit, least, most float64) float64 {
	parts := figure.FindStringSubmatch(n.Value)
	i := -1
	if parts != nil {
		i = slices.IndexFunc(units, func(u unit) bool { return u.name == parts[2] })
	}
	if n.Kind != yaml.ScalarNode || i < 0 {
		examples := make([]string, len(units))
		for j, u := range units {
			examples[j] = u.example
		}
		r.Fault(n, "%s should be a figure with its unit such as %s, not %q", what, strings.Join(examples, " or "), n.Value)
		return 0
	}
	v, _ := strconv.ParseFloat(parts[1], 64) // the pattern takes nothing else
	v *= units[i].factor
	if v < least || v > most {
		r.Fault(n, "%s is %s; it is from %g to %g %s", what, n.Value, least, most, units[0].name)
		return 0
	}
	return v
}

// head reads a vehicle head: the approach whose traffic it controls, and whether that turns left.
func (r *configReader) head(m yamltree.Member) {
	what := "head " + m.Name
	r.name(m, "a head")
	h := &readHead{VehicleHead: VehicleHead{Name: m.Name}, phase: -1, node: m.Key}
	if len(r.heads) == MaxHeads {
		r.Fault(m.Key, "%s is one too many; a crossing has at most %d vehicle heads", what, MaxHeads)
		return
	}
	r.heads[m.Name] = h
	fields := r.Fields(m.Value, what, "approach", "turn")
	if m.Value.Kind != yaml.MappingNode {
		return
	}
	if f, ok := fields["approach"]; ok {
		names := make([]string, len(r.config.Approaches))
		for i, a := range r.config.Approaches {
			names[i] = a.Name
		}
		if len(names) > 1 {
			text, _ := r.Choice(f.Value, what+": approach", names...)
			h.Approach = max(slices.Index(names, text), 0)
		}
	} else {
		r.Fault(m.Key, "%s has no approach; write approach: and the name of one", what)
	}
	if f, ok := fields["turn"]; ok {
		text, _ := r.Choice(f.Value, what+": turn", "left", "none")
		h.Left = text == "left"
	}
}

// crosswalk reads a pedestrian head: the length of its crosswalk, and the distance from the button.
func (r *configReader) crosswalk(m yamltree.Member) {
	what := "pedestrian head " + m.Name
	r.name(m, "a pedestrian head")
	w := &readCrosswalk{Crosswalk: Crosswalk{Name: m.Name}, phase: -1, node: m.Key}
	if len(r.crosswalks) == MaxHeads {
		r.Fault(m.Key, "%s is one too many; a crossing has at most %d pedestrian heads", what, MaxHeads)
		return
	}
	r.crosswalks[m.Name] = w
	fields := r.Fields(m.Value, what, "crossing", "from-button")
	if m.Value.Kind != yaml.MappingNode {
		return
	}
	w.Length = r.needed(m, fields, "crossing", lengths, 3, 200)
	if f, ok := fields["from-button"]; ok {
		w.Button = r.quantity(f.Value, what+": from-button", lengths, w.Length, 300)
	}
}

// phase reads a phase: its heads, detectors, buttons, recall and times.
func (r *configReader) phase(m yamltree.Member) {
	what := "phase " + m.Name
	r.name(m, "a phase")
	for _, p := range r.config.Phases {
		if camel(p.Name) == camel(m.Name) {
			r.Fault(m.Key, "%s and %s would have the same states in a definition (%sGreen); name one otherwise", p.Name, m.Name, camel(m.Name))
		}
	}
	if len(r.config.Phases) == MaxPhases {
		r.Fault(m.Key, "%s is one too many; a crossing has at most %d phases", what, MaxPhases)
		return
	}
	fields := r.Fields(m.Value, what, "heads", "pedestrians", "detectors", "buttons", "recall", "minimum-green", "passage",
		"maximum-green", "yellow", "red-clearance", "walk", "pedestrian-clearance")
	if m.Value.Kind != yaml.MappingNode {
		return
	}
	p := Phase{
		Name: m.Name, Recall: RecallNone, MinimumGreen: 8 * time.Second, Passage: 3 * time.Second, MaximumGreen: 40 * time.Second,
	}
	phase := len(r.config.Phases)
	for _, n := range r.names(fields, what, "heads") {
		h := r.heads[n.Value]
		switch {
		case h == nil:
			r.Fault(n, "%s: no head is called %q", what, n.Value)
		case h.phase >= 0:
			r.Fault(n, "%s: head %s belongs to another phase already; a head follows one", what, n.Value)
		default:
			h.phase = phase
			p.Heads = append(p.Heads, h.VehicleHead)
		}
	}
	if _, ok := fields["heads"]; !ok {
		r.Fault(m.Key, "%s has no heads; write heads: and their names", what)
	}
	for _, n := range r.names(fields, what, "pedestrians") {
		w := r.crosswalks[n.Value]
		switch {
		case w == nil:
			r.Fault(n, "%s: no pedestrian head is called %q", what, n.Value)
		case w.phase >= 0:
			r.Fault(n, "%s: pedestrian head %s belongs to another phase already", what, n.Value)
		default:
			w.phase = phase
			p.Crosswalks = append(p.Crosswalks, w.Crosswalk)
			if len(p.Heads) > 0 {
				p.Crosswalks[len(p.Crosswalks)-1].Approach = p.Heads[0].Approach
			}
		}
	}
	p.Detectors = r.inputs(fields, what, "detectors")
	p.Buttons = r.inputs(fields, what, "buttons")
	if len(p.Buttons) > 0 && len(p.Crosswalks) == 0 {
		r.Fault(fields["buttons"].Key, "%s has buttons and no pedestrian heads; name them under pedestrians:", what)
	}
	if f, ok := fields["recall"]; ok {
		text, _ := r.Choice(f.Value, what+": recall",
			string(RecallNone), string(RecallMinimum), string(RecallMaximum), string(RecallPedestrian))
		p.Recall = Recall(text)
		if p.Recall == RecallPedestrian && len(p.Crosswalks) == 0 {
			r.Fault(f.Value, "%s has no pedestrian heads to recall", what)
		}
	}
	if p.Recall == RecallNone && len(p.Detectors) == 0 && len(p.Buttons) == 0 {
		r.Fault(m.Key, "%s has neither detector nor button nor recall: it would never have green; write recall: minimum", what)
	}
	r.timings(m, fields, &p)
	r.config.Phases = append(r.config.Phases, p)
}

// names returns the nodes of the names in a field that may be missing.
func (r *configReader) names(fields map[string]yamltree.Member, what, name string) []*yaml.Node {
	f, ok := fields[name]
	if !ok {
		return nil
	}
	return r.List(f.Value, what+": "+name)
}

var inputName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// inputs returns the input lines that a field names, which may be missing.
func (r *configReader) inputs(fields map[string]yamltree.Member, what, name string) []string {
	var lines []string
	for _, n := range r.names(fields, what, name) {
		if r.input(n, what) {
			lines = append(lines, n.Value)
		}
	}
	return lines
}

// input checks the name of an input line, which must not be used twice or be a lamp. It reports whether it may be used.
func (r *configReader) input(n *yaml.Node, what string) bool {
	row, taken := r.lines[n.Value]
	before, last, _ := strings.Cut(n.Value, ".")
	switch {
	case n.Kind != yaml.ScalarNode || !inputName.MatchString(n.Value):
		r.Fault(n, "%s: a line's name has letters, digits, dots, dashes and underscores", what)
	case taken:
		r.Fault(n, "%s: line %s is used on line %d already", what, n.Value, row)
	case slices.Contains([]string{"red", "amber", "green"}, last) && r.heads[before] != nil,
		slices.Contains([]string{"walk", "dont-walk"}, last) && r.crosswalks[before] != nil:
		r.Fault(n, "%s: line %s is a lamp", what, n.Value)
	case len(r.lines) == maxSensors:
		r.Fault(n, "%s: line %s is one too many; a crossing has at most %d inputs", what, n.Value, maxSensors)
	default:
		r.lines[n.Value] = n.Line
		return true
	}
	return false
}

// span reads a duration between least and most into to, which stays as it is if the field is missing.
func (r *configReader) span(fields map[string]yamltree.Member, what, name string, to *time.Duration, least, most time.Duration) {
	if f, ok := fields[name]; ok {
		if d, ok := r.Duration(f.Value, what+": "+name, least, most); ok {
			*to = d
		}
	}
}

// timings reads the times of a phase and computes those that the file leaves out.
func (r *configReader) timings(m yamltree.Member, fields map[string]yamltree.Member, p *Phase) {
	what := "phase " + m.Name
	r.span(fields, what, "minimum-green", &p.MinimumGreen, GreenMin, GreenMax)
	r.span(fields, what, "passage", &p.Passage, 0, 25500*time.Millisecond)
	r.span(fields, what, "maximum-green", &p.MaximumGreen, GreenMin, GreenMax)
	if p.MaximumGreen < p.MinimumGreen {
		node := m.Key
		if f, ok := fields["maximum-green"]; ok {
			node = f.Value
		}
		r.Fault(node, "%s: maximum-green is %v, less than the minimum green; it should be at least %v", what, p.MaximumGreen, p.MinimumGreen)
	}
	if p.Passage >= p.MaximumGreen {
		r.Fault(m.Key, "%s: the passage time of %v is no shorter than the maximum green of %v; it should be some 3s", what, p.Passage, p.MaximumGreen)
	}
	var yellow, red time.Duration
	for _, h := range p.Heads {
		if len(r.config.Approaches) == 0 {
			break
		}
		if a := &r.config.Approaches[h.Approach]; a.Speed > 0 && a.Width > 0 {
			yellow, red = max(yellow, roundUpToTenth(a.yellow())), max(red, roundUpToTenth(a.redClearance()))
		}
	}
	r.yellow(m, fields, p, yellow)
	p.RedClearance = red
	r.atLeast(fields, what, "red-clearance", &p.RedClearance, red,
		"the last vehicle needs %v to leave the crossing (R = (W + L) / v)")
	if p.RedClearance > RedClearanceMax {
		node := m.Key
		if f, ok := fields["red-clearance"]; ok {
			node = f.Value
		}
		r.Fault(node, "%s: red-clearance is %v; it is at most %v: make the crossing narrower or its traffic faster",
			what, p.RedClearance, RedClearanceMax)
	}
	if len(p.Crosswalks) == 0 {
		for _, name := range []string{"walk", "pedestrian-clearance"} {
			if f, ok := fields[name]; ok {
				r.Fault(f.Key, "%s has a time for %s and no pedestrian heads; take it away", what, name)
			}
		}
		return
	}
	p.Walk = defaultWalk
	r.atLeast(fields, what, "walk", &p.Walk, WalkMin, "pedestrians need at least %v to set off; 7s are usual")
	var clearance, button time.Duration
	for _, w := range p.Crosswalks {
		clearance = max(clearance, roundUpToTenth(w.clearance()))
		button = max(button, roundUpToTenth(w.fromButton()))
	}
	p.PedestrianClearance = clearance
	r.atLeast(fields, what, "pedestrian-clearance", &p.PedestrianClearance, clearance,
		"the crossing needs %v (its length / 3.5 ft/s)")
	if both := p.Walk + p.PedestrianClearance; both < button {
		r.Fault(m.Key, "%s: walk and pedestrian-clearance last %v together, and from the button it takes %v (distance / 3 ft/s): "+
			"walk should be at least %v", what, both, button, button-p.PedestrianClearance)
	}
}

// yellow reads the yellow time: at least what the approaches need, and fixed in the UK style.
func (r *configReader) yellow(m yamltree.Member, fields map[string]yamltree.Member, p *Phase, needed time.Duration) {
	what := "phase " + m.Name
	if r.config.Style == UK {
		p.Yellow = UKAmber
		if f, ok := fields["yellow"]; ok && f.Value.Value != "computed" && f.Value.Value != UKAmber.String() {
			r.Fault(f.Value, "%s: yellow is %s; in the uk style amber is always %v", what, f.Value.Value, UKAmber)
		}
		return
	}
	p.Yellow = max(needed, AmberMin)
	r.atLeast(fields, what, "yellow", &p.Yellow, p.Yellow,
		"it should be at least %v (never less than 3s; Y = 1.0 + 0.733 S / (D + 0.32 G))")
	if p.Yellow > AmberMax {
		node := m.Key
		if f, ok := fields["yellow"]; ok {
			node = f.Value
		}
		r.Fault(node, "%s: yellow is %v; it is at most %v, so an approach is too fast or too steep", what, p.Yellow, AmberMax)
	}
}

// atLeast reads a field's duration into to, which stays as it is if the field is missing or "computed". A duration below needed
// is a fault; why is its text, with the verbs for field, duration and needed.
func (r *configReader) atLeast(
	fields map[string]yamltree.Member, what, name string, to *time.Duration, needed time.Duration, why string,
) {
	f, ok := fields[name]
	if !ok || f.Value.Value == "computed" {
		return
	}
	d, ok := r.Duration(f.Value, what+": "+name, 0, time.Minute)
	switch {
	case !ok:
	case d < needed:
		r.Fault(f.Value, "%s: %s is %v; "+why, what, name, d, needed)
	default:
		*to = d
	}
}

// conflict reads the heads that a head conflicts with. Conflicts are mutual, even if the file lists them once. Phases conflict
// if any of their heads do; pedestrians conflict with all that their phase conflicts with.
func (r *configReader) conflict(m yamltree.Member) {
	one := r.heads[m.Name]
	if one == nil {
		r.Fault(m.Key, "conflicts: no head is called %q", m.Name)
	}
	for _, n := range r.List(m.Value, "conflicts: "+m.Name) {
		other := r.heads[n.Value]
		switch {
		case other == nil:
			r.Fault(n, "conflicts: no head is called %q", n.Value)
		case one == nil || one.phase < 0 || other.phase < 0:
		case one == other:
			r.Fault(n, "conflicts: head %s is said to conflict with itself", m.Name)
		case one.phase == other.phase && one.phase < len(r.config.Phases):
			r.Fault(n, "conflicts: heads %s and %s conflict, and phase %s gives both green; put one of them into another phase",
				m.Name, n.Value, r.config.Phases[one.phase].Name)
		default:
			r.config.conflicts[one.phase][other.phase] = true
			r.config.conflicts[other.phase][one.phase] = true
		}
	}
}

// emergency reads an emergency input: its phases, and how long it may be on.
func (r *configReader) emergency(m yamltree.Member) {
	what := "emergency " + m.Name
	key := *m.Key
	if !r.input(&key, "emergencies") {
		return
	}
	if len(r.config.Emergencies) == maxEmergencies {
		r.Fault(m.Key, "%s is one too many; a crossing has at most %d", what, maxEmergencies)
		return
	}
	e := Emergency{Line: m.Name, MaxDuration: defaultEmergency}
	fields := r.Fields(m.Value, what, "phases", "at-most")
	r.span(fields, what, "at-most", &e.MaxDuration, 10*time.Second, time.Hour)
	var wanted []int
	for _, n := range r.names(fields, what, "phases") {
		p := r.config.phase(n.Value)
		if p < 0 {
			r.Fault(n, "%s: no phase is called %q", what, n.Value)
			continue
		}
		for _, q := range wanted {
			if r.config.conflicts[p][q] {
				r.Fault(n, "%s: phases %s and %s conflict, so they cannot both have green for it",
					what, r.config.Phases[q].Name, n.Value)
			}
		}
		wanted = append(wanted, p)
		e.Phases[p] = true
	}
	if _, ok := fields["phases"]; !ok && m.Value.Kind == yaml.MappingNode {
		r.Fault(m.Key, "%s asks for no phases; write phases: and their names", what)
	}
	r.config.Emergencies = append(r.config.Emergencies, e)
}

var clockTime = regexp.MustCompile(`^([01]?[0-9]|2[0-3]):([0-5][0-9])$`)

// night reads the time of day in which the crossing flashes, and its time zone.
func (r *configReader) night(n *yaml.Node) {
	night := Night{Zone: time.UTC}
	fields := r.Fields(n, "night", "from", "to", "zone")
	if n.Kind != yaml.MappingNode {
		return
	}
	for _, end := range []struct {
		name string
		to   *time.Duration
	}{{"from", &night.From}, {"to", &night.To}} {
		f, ok := fields[end.name]
		if !ok {
			r.Fault(n, "night has no %s; write %s: \"23:00\" or the like", end.name, end.name)
			continue
		}
		parts := clockTime.FindStringSubmatch(f.Value.Value)
		if parts == nil {
			r.Fault(f.Value, "night: %s should be a time of day such as \"23:00\", not %q", end.name, f.Value.Value)
			continue
		}
		h, _ := strconv.Atoi(parts[1])
		m, _ := strconv.Atoi(parts[2])
		*end.to = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	}
	if f, ok := fields["zone"]; ok {
		zone, err := time.LoadLocation(f.Value.Value)
		if err != nil {
			r.Fault(f.Value, "night: zone: %v; write one such as Europe/Berlin or UTC", err)
			return
		}
		night.Zone = zone
	}
	r.config.Night = night
}

// limits reads the limits of detectors or buttons into to; those left out stay as they are.
func (r *configReader) limits(n *yaml.Node, what string, to *SensorLimits) {
	fields := r.Fields(n, what, "no-activity", "maximum-presence", "most-counts")
	if n.Kind != yaml.MappingNode {
		return
	}
	r.limit(fields, what, "no-activity", &to.NoActivity)
	r.limit(fields, what, "maximum-presence", &to.MaxPresence)
	if f, ok := fields["most-counts"]; ok {
		to.MaxCounts, _ = r.Whole(f.Value, what+": most-counts", 0, 6000)
	}
}

// limit reads a time after which a sensor has failed; 0s: no limit.
func (r *configReader) limit(fields map[string]yamltree.Member, what, name string, to *time.Duration) {
	r.span(fields, what, name, to, 0, 24*time.Hour)
}

// Explain returns a text that shows how the times of the phases are computed.
func (c *Config) Explain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "style %s\n", c.Style)
	for i := range c.Phases {
		p := &c.Phases[i]
		fmt.Fprintf(&b, "\nphase %s\n", p.Name)
		fmt.Fprintf(&b, "  green                 %s at least, %s at most from when others wait, kept for %s after a car; recall %s\n",
			seconds(p.MinimumGreen), seconds(p.MaximumGreen), seconds(p.Passage), p.Recall)
		c.explainHeads(&b, p)
		if len(p.Crosswalks) > 0 {
			fmt.Fprintf(&b, "  walk                  %s (at least %s)\n", seconds(p.Walk), seconds(WalkMin))
			fmt.Fprintf(&b, "  pedestrian clearance  %s\n", seconds(p.PedestrianClearance))
		}
		for _, w := range p.Crosswalks {
			fmt.Fprintf(&b, "    %s: length / 3.5 ft/s = %.1f ft / 3.5 ft/s = %.2f s\n", w.Name, w.Length, w.clearance())
			if w.Button > 0 {
				fmt.Fprintf(&b, "    %s: from the button %.1f ft / 3.0 ft/s = %.2f s; walk and clearance are %s\n",
					w.Name, w.Button, w.fromButton(), seconds(p.Walk+p.PedestrianClearance))
			}
		}
		var others []string
		for q := range c.Phases {
			if c.conflicts[i][q] {
				others = append(others, c.Phases[q].Name)
			}
		}
		fmt.Fprintf(&b, "  conflicts with        %s\n", strings.Join(others, ", "))
	}
	return b.String()
}

// explainHeads writes how yellow and red clearance of a phase are computed from those of its heads.
func (c *Config) explainHeads(b *strings.Builder, p *Phase) {
	fmt.Fprintf(b, "  yellow                %s\n", seconds(p.Yellow))
	for _, h := range p.Heads {
		a := &c.Approaches[h.Approach]
		if c.Style == UK {
			fmt.Fprintf(b, "    %s: fixed in the uk style, after red and amber of %s and green\n", h.Name, seconds(UKRedAmber))
			continue
		}
		fmt.Fprintf(b, "    %s: Y = 1.0 + 0.733 S / (D + 0.32 G) = 1.0 + 0.733 * %.1f mph / (%.1f ft/s2 + 0.32 * %g %%) = %.2f s\n",
			h.Name, a.Speed, a.Deceleration, a.Grade, a.yellow())
	}
	fmt.Fprintf(b, "  red clearance         %s\n", seconds(p.RedClearance))
	for _, h := range p.Heads {
		a := &c.Approaches[h.Approach]
		fmt.Fprintf(b, "    %s: R = (W + L) / v = (%.1f ft + %.1f ft) / %.1f ft/s = %.2f s\n",
			h.Name, a.Width, a.Vehicle, feetPerSecond*a.Speed, a.redClearance())
	}
}
