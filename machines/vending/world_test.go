package vending_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl/engine"
	"signalbox/asl/value"
	"signalbox/gpio"
	"signalbox/gpio/scenario"
	"signalbox/gpio/sim"
	"signalbox/machines"
	"signalbox/machines/ledger"
	"signalbox/machines/vending"
)

// A tester is what tests and properties of a stand have in common.
type tester interface {
	fataler
	Errorf(format string, args ...any)
	Error(args ...any)
	Fatal(args ...any)
	Context() context.Context
}

// A stand is the whole machine on simulated lines: board, debounce, rig, plant, world and clock. The test issues the Tasks.
type stand struct {
	t      tester
	clock  *engine.Clock
	board  *gpio.Board
	panel  *sim.Panel
	lines  *gpio.Lines
	rig    *machines.Rig
	ledger machines.Ledger
	world  machines.World
	plant  machines.Plant
	tasks  int64
	course *engine.Run // of the definition
	moved  []string    // outputs, in order
}

func newStand(t tester) *stand {
	t.Helper()
	return newStandWith(t, &ledger.Memory{})
}

// newStandWith begins with a ledger of before.
func newStandWith(t tester, kept machines.Ledger) *stand {
	t.Helper()
	m, setup := vending.Machine(), vending.Standard()
	board, err := gpio.ParseBoard("board.yaml", m.Board)
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{t: t, board: board, clock: engine.NewSimulated(start, 0), panel: sim.New(board), ledger: kept, plant: m.Plant}
	s.world = m.World(s.panel, s.clock, 1)
	if s.lines, err = gpio.Open(board, s.panel, s.clock); err != nil {
		t.Fatal(err)
	}
	s.lines.Watch(func(c gpio.Change) {
		if c.Direction == gpio.Out {
			s.moved = append(s.moved, c.Line+map[bool]string{true: " on", false: " off"}[c.High])
		}
	})
	if s.rig, err = machines.NewRig(machines.RigConfig{
		Plant: m.Plant, Lines: s.lines, Outputs: setup.Outputs(), Inputs: setup.Inputs(), Clock: s.clock, Observe: s.check,
		Ledger: s.ledger,
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// check compares plant and world after every input.
func (s *stand) check(why string, _ []machines.Note) {
	if s.rig == nil {
		return // power-up
	}
	for _, i := range s.plant.Invariants() {
		if err := i.Holds(s.rig.State()); err != nil {
			s.t.Errorf("after %s: %s does not hold: %v", why, i.Name, err)
		}
	}
}

// play runs a scenario of examples/vending.
func (s *stand) play(file string) {
	s.t.Helper()
	script, err := scenario.Read(filepath.Join("..", "..", "examples", "vending", file), s.board)
	if err != nil {
		s.t.Fatal(err)
	}
	script.Schedule(s.clock, s.panel)
}

type reply struct {
	got  string
	done context.CancelFunc
}

func (r *reply) Succeed(output any)  { r.got = value.Text(output); r.done() }
func (r *reply) Fail(name, _ string) { r.got = name; r.done() }
func (r *reply) Heartbeat()          {}
func (r *reply) Started(string)      {}
func (r *reply) Submit(any)          {}

// task issues a Task, lets the clock run until it is answered, and checks the answer.
func (s *stand) task(activity, input, want string) {
	s.t.Helper()
	in, err := value.Read([]byte(input))
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, done := context.WithCancel(s.t.Context())
	defer done()
	r := &reply{done: done}
	s.tasks++
	s.rig.Handler(activity).Start(engine.Task{Top: "test", ID: s.tasks, State: "Test", Activity: activity, Input: in}, r)
	if ctx.Err() == nil {
		_ = s.clock.Run(ctx) // ends by done, or because nothing is left to do
	}
	if r.got != want {
		s.t.Fatalf("%s %s: got answer %q, want %q", activity, input, r.got, want)
	}
}

// rest lets everything come to rest.
func (s *stand) rest() {
	s.t.Helper()
	if err := s.clock.Run(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stand) wantFront(tray int, cup vending.Cents) {
	s.t.Helper()
	front := s.world.View().(vending.Front)
	if front.Tray != tray || front.Cup != cup {
		s.t.Errorf("got %d snacks in the tray and %v in the cup, want %d and %v", front.Tray, front.Cup, tray, cup)
	}
}

func (s *stand) wantMoney(want vending.Money) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.rig.State().(vending.State).Money); diff != "" {
		s.t.Errorf("money (-want +got):\n%s", diff)
	}
}

func (s *stand) wantMoved(want ...string) {
	s.t.Helper()
	got := slices.DeleteFunc(slices.Clone(s.moved), func(m string) bool { return strings.HasPrefix(m, "coin-accept") })
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("outputs moved (-want +got):\n%s", diff)
	}
}

func coin(credit vending.Cents) string {
	return `{"event":"coin","credit":` + value.Text(int64(credit)) + `,"dollars":"` + credit.String() + `","price":300}`
}

func selection(credit vending.Cents, rest string) string {
	return strings.Replace(strings.TrimSuffix(coin(credit), "}"), "coin", "selection", 1) + rest
}

func TestThreeDollars(t *testing.T) {
	s := newStand(t)
	s.play("three-dollars.yaml")
	for _, credit := range []vending.Cents{200, 300, 325} {
		s.task("await-customer", `{}`, coin(credit))
	}
	s.task("await-customer", `{}`, selection(325, `,"column":1,"sale":1}`))
	s.task("vend", `{"column":1,"sale":1}`, `{"sale":1,"column":1,"price":300,"change":25,"credit":25}`)
	s.wantFront(1, 0)
	s.task("pay-out", `{"amount":25}`, `{"returned":25,"credit":0}`)
	s.rest()
	s.wantFront(1, 25)
	s.wantMoved("motor-1 on", "motor-1 off", "hopper-25 on", "hopper-25 off")
	s.wantMoney(vending.Money{Inserted: 325, Kept: 300, Returned: 25})
	got := vending.Machine().View(s.rig.State(), s.world.View()).(vending.View)
	if got.Columns[0].Stock != 4 || got.Tubes[1].Coins != 40 || got.Tray != 1 || got.Cup != 25 {
		t.Errorf("got view %+v, want a snack and a quarter less", got)
	}
}

func TestTwoDollars(t *testing.T) {
	s := newStand(t)
	s.play("two-dollars.yaml")
	s.task("await-customer", `{}`, coin(100))
	s.task("await-customer", `{}`, coin(200))
	s.task("await-customer", `{}`, selection(200, `,"column":1,"sale":1}`))
	s.task("vend", `{"column":1,"sale":1}`, "Vend.NotPaid")
	s.task("await-customer", `{}`, strings.Replace(coin(200), "coin", "coin-return", 1))
	s.task("pay-out", `{}`, `{"returned":200,"credit":0}`)
	s.rest()
	s.wantFront(0, 200)
	s.wantMoved("hopper-100 on", "hopper-100 off")
}

func TestMotorJam(t *testing.T) {
	s := newStand(t)
	s.play("motor-jam.yaml")
	s.task("await-customer", `{}`, coin(200))
	s.task("await-customer", `{}`, coin(300))
	s.task("await-customer", `{}`, selection(300, `,"column":1,"sale":1}`))
	s.task("vend", `{"column":1,"sale":1}`, "Vend.Jam")
	s.task("vend", `{"column":1,"sale":1}`, "Vend.Jam")
	s.task("pay-out", `{}`, `{"returned":300,"credit":0}`)
	s.wantFront(0, 300)
	s.task("await-customer", `{}`, coin(200))
	s.task("await-customer", `{}`, coin(300))
	s.task("await-customer", `{}`, selection(300, `,"column":2,"sale":2}`))
	s.task("vend", `{"column":2,"sale":2}`, `{"sale":2,"column":2,"price":300,"change":0,"credit":0}`)
	s.rest()
	s.wantFront(1, 300)
}

func TestNoDrop(t *testing.T) {
	s := newStand(t)
	s.play("no-drop.yaml")
	s.task("await-customer", `{}`, coin(200))
	s.task("await-customer", `{}`, coin(300))
	s.task("await-customer", `{}`, selection(300, `,"column":3,"sale":1}`))
	s.task("vend", `{"column":3,"sale":1}`, "Vend.NoDrop")
	s.task("vend", `{"column":3,"sale":1}`, "Vend.NoDrop")
	s.task("pay-out", `{}`, `{"returned":300,"credit":0}`)
	s.rest()
	s.wantFront(1, 300) // the sensor was blind, so the machine lost one snack, and one only
	s.wantMoved("motor-3 on", "motor-3 off", "hopper-100 on", "hopper-100 off")
}

func TestHopperJam(t *testing.T) {
	s := newStand(t)
	s.play("hopper-jam.yaml")
	for _, credit := range []vending.Cents{200, 300, 325} {
		s.task("await-customer", `{}`, coin(credit))
	}
	s.task("await-customer", `{}`, selection(325, `,"column":1,"sale":1}`))
	s.task("vend", `{"column":1,"sale":1}`, `{"sale":1,"column":1,"price":300,"change":25,"credit":25}`)
	s.task("pay-out", `{"amount":25}`, "PayOut.Jam")
	s.task("show", `{"text":"out of order"}`, `{"shown":"out of order"}`)
	s.rest()
	s.wantFront(1, 0)
	s.wantMoney(vending.Money{Inserted: 325, Kept: 300, Owed: 25})
	if got, want := vending.ViewOf(s.rig.State(), nil).Display, "out of order, 0.25 owed"; got != want {
		t.Errorf("got display %q, want %q", got, want)
	}
}

func TestWalkAway(t *testing.T) {
	s := newStand(t)
	s.play("walk-away.yaml")
	s.task("await-customer", `{}`, coin(100))
	s.task("await-customer", `{}`, "") // nothing more happens: here the definition's time-out comes in
}

// The world must keep its place over many sales: five empty a column, the sixth is refused.
func TestColumnSellsUntilItIsEmpty(t *testing.T) {
	s := newStand(t)
	pay := func() {
		s.push(coinAt(time.Second, 8), coinAt(2*time.Second, 4))
		s.task("await-customer", `{}`, coin(200))
		s.task("await-customer", `{}`, coin(300))
	}
	for range 5 {
		pay()
		s.task("vend", `{"column":2}`, `{"sale":`+value.Text(int64(s.rig.State().(vending.State).Sale.Number+1))+
			`,"column":2,"price":300,"change":0,"credit":0}`)
	}
	pay()
	s.task("vend", `{"column":2}`, "Vend.SoldOut")
	s.rest()
	s.wantFront(5, 0)
	front := s.world.View().(vending.Front)
	if want := [vending.MaxColumns]int{5, 0, 5}; front.Snacks != want {
		t.Errorf("got snacks %v, want %v", front.Snacks, want)
	}
}

// A motor that is stopped on its way stays there and goes on from there.
func TestSpiralKeepsItsPlace(t *testing.T) {
	s := newStand(t)
	out, err := s.lines.Out("motor-1")
	if err != nil {
		t.Fatal(err)
	}
	run := func(d time.Duration) {
		t.Helper()
		if err := out.Out(true); err != nil {
			t.Fatal(err)
		}
		s.clock.AfterFunc(d, func() {
			if err := out.Out(false); err != nil {
				t.Error(err)
			}
		})
		s.rest()
	}
	var got []bool
	for range 8 {
		run(251 * time.Millisecond) // an eighth of a turn
		got = append(got, s.panel.Level("home-1"))
	}
	if want := []bool{true, false, false, false, false, false, false, true}; !cmp.Equal(got, want) {
		t.Errorf("got home switch %v, want %v", got, want)
	}
	s.wantFront(1, 0)
}
