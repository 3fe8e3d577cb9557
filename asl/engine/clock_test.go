package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"signalbox/asl/engine"
)

// A tape is a clock and what happened on it: each entry "time after the Epoch: what".
type tape struct {
	*engine.Clock
	lines []string
}

func newTape(speed float64) *tape { return &tape{Clock: engine.NewSimulated(engine.Epoch, speed)} }

func (tp *tape) mark(what string) {
	tp.lines = append(tp.lines, fmt.Sprint(tp.Now().Sub(engine.Epoch), ": ", what))
}

func (tp *tape) marks(what string) func() { return func() { tp.mark(what) } }

func (tp *tape) run(t *testing.T) {
	t.Helper()
	if err := tp.Run(t.Context()); err != nil {
		t.Errorf("got %v from Run, want nil", err)
	}
}

func (tp *tape) want(t *testing.T, lines ...string) {
	t.Helper()
	if diff := cmp.Diff(lines, tp.lines); diff != "" {
		t.Errorf("what happened (-want +got):\n%s", diff)
	}
}

func TestClockGoesByTimeThenBySequence(t *testing.T) {
	c := newTape(0)
	c.AfterFunc(2*time.Second, c.marks("b"))
	c.AfterFunc(time.Second, c.marks("a"))
	c.At(engine.Epoch.Add(2*time.Second), c.marks("c"))
	c.AfterFunc(2*time.Second, c.marks("d"))
	c.AfterFunc(time.Nanosecond, c.marks("first"))
	c.run(t)
	c.want(t, "1ns: first", "1s: a", "2s: b", "2s: c", "2s: d")
}

func TestWhatIsDueAtOnceComesAfterWhatIsDueAlready(t *testing.T) {
	c := newTape(0)
	c.AfterFunc(time.Second, func() {
		c.mark("one")
		c.Post(func() {
			c.mark("post")
			c.Post(c.marks("post in post"))
		})
		c.AfterFunc(0, c.marks("after 0"))
		c.AfterFunc(-time.Hour, c.marks("after -1h"))
		c.At(engine.Epoch.Add(-time.Hour), c.marks("at a time that passed"))
		c.At(c.Now(), c.marks("at now"))
	})
	c.AfterFunc(time.Second, c.marks("two"))
	c.AfterFunc(time.Second+1, c.marks("later"))
	c.run(t)
	c.want(t, "1s: one", "1s: two", "1s: post", "1s: after 0", "1s: after -1h", "1s: at a time that passed", "1s: at now",
		"1s: post in post", "1.000000001s: later")
}

func TestStopTakesBackOnce(t *testing.T) {
	c := newTape(0)
	stopB := c.AfterFunc(2*time.Second, c.marks("b"))
	var stopA func() bool
	stopA = c.AfterFunc(time.Second, func() {
		c.mark("a")
		for i, want := range []bool{true, false} {
			if got := stopB(); got != want {
				t.Errorf("stop %d: got %v, want %v", i, got, want)
			}
		}
		if stopA() {
			t.Error("what is being done was still to come")
		}
	})
	stopC := c.At(engine.Epoch.Add(time.Second), c.marks("c"))
	c.AfterFunc(3*time.Second, c.marks("d"))
	c.run(t)
	if stopC() {
		t.Error("what is done was still to come")
	}
	c.want(t, "1s: a", "1s: c", "3s: d")
}

func TestNowIsUTCWithoutMonotonicReading(t *testing.T) {
	zone := time.FixedZone("", 2*60*60)
	for _, start := range []time.Time{engine.Epoch, time.Now(), engine.Epoch.In(zone)} {
		c := engine.NewSimulated(start, 0)
		for _, at := range []time.Time{start.Add(time.Second).In(zone), time.Now().Add(time.Hour)} {
			c.At(at, func() {
				if now := c.Now(); now != now.UTC().Round(0) || !now.Equal(at) && at.After(start) {
					t.Errorf("got %#v, want %v in UTC", now, at)
				}
			})
		}
		if now := c.Now(); now != now.UTC().Round(0) {
			t.Errorf("got %#v at the beginning, want UTC", now)
		}
		if err := c.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStopEndsRunAfterWhatIsBeingDone(t *testing.T) {
	c := newTape(0)
	c.AfterFunc(time.Second, func() {
		c.Stop()
		c.mark("a")
	})
	c.AfterFunc(time.Second, c.marks("b"))
	c.run(t)
	c.want(t, "1s: a")
}

func TestRunReturnsTheCauseOfItsEnd(t *testing.T) {
	cause := errors.New("the cause")
	for name, clock := range map[string]func() *engine.Clock{
		"simulated, busy for ever": func() *engine.Clock {
			c := engine.NewSimulated(engine.Epoch, 0)
			var again func()
			again = func() { c.Post(again) }
			c.Post(again)
			return c
		},
		"simulated, waiting": func() *engine.Clock {
			c := engine.NewSimulated(engine.Epoch, 1)
			c.AfterFunc(time.Hour, func() { t.Error("an hour passed") })
			return c
		},
		"simulated, open": func() *engine.Clock {
			c := engine.NewSimulated(engine.Epoch, 0)
			c.KeepOpen()
			return c
		},
		"simulated, held": func() *engine.Clock {
			c := engine.NewSimulated(engine.Epoch, 0)
			c.AfterFunc(time.Second, func() { t.Error("time passed") })
			c.Hold()
			return c
		},
		"real, empty": engine.NewReal,
		"real, waiting": func() *engine.Clock {
			c := engine.NewReal()
			c.AfterFunc(time.Hour, func() { t.Error("an hour passed") })
			return c
		},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan error)
		c := clock()
		go func() { ended <- c.Run(ctx) }()
		running := make(chan struct{})
		c.Post(func() { close(running) })
		<-running
		cancel(cause)
		if err := <-ended; !errors.Is(err, cause) {
			t.Errorf("%s: got %v, want the cause", name, err)
		}
		if err := c.Run(ctx); !errors.Is(err, cause) {
			t.Errorf("%s: got %v from a Run after the end, want the cause", name, err)
		}
	}
}

func TestHoldKeepsSimulatedTime(t *testing.T) {
	for _, speed := range []float64{0, 1, 1000} {
		synctest.Test(t, func(t *testing.T) {
			c := newTape(speed)
			c.AfterFunc(time.Second, func() {
				c.mark("task")
				first, second := c.Hold(), c.Hold()
				go func() {
					time.Sleep(time.Hour)
					c.Post(c.marks("half of the answer"))
					first()
					first()
					time.Sleep(time.Hour)
					c.Post(c.marks("answer"))
					c.AfterFunc(time.Second, c.marks("a second after the answer"))
					second()
				}()
			})
			c.AfterFunc(time.Second, c.marks("due as well"))
			c.AfterFunc(time.Second+1, c.marks("later"))
			c.run(t)
			c.want(t, "1s: task", "1s: due as well", "1s: half of the answer", "1s: answer", "1.000000001s: later",
				"2s: a second after the answer")
		})
	}
}

// A clock whose queue is empty is not done while something is outstanding.
func TestHoldKeepsRunGoing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTape(0)
		release := c.Hold()
		go func() {
			time.Sleep(time.Minute)
			c.AfterFunc(time.Second, c.marks("answer"))
			release()
		}()
		c.run(t)
		c.want(t, "1s: answer")
	})
}

// passed returns a function that returns the fake time since now.
func passed() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

func TestSpeedPacesSimulatedTime(t *testing.T) {
	for _, c := range []struct {
		speed float64
		want  time.Duration
	}{{0, 0}, {0.5, 2 * time.Hour}, {1, time.Hour}, {2, 30 * time.Minute}, {3600, time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			tp, since := newTape(c.speed), passed()
			for i := range 4 {
				tp.AfterFunc(time.Duration(i+1)*15*time.Minute, func() {
					tp.mark("quarter")
					if got, want := since(), time.Duration(i+1)*c.want/4; got != want {
						t.Errorf("speed %v: got quarter %d after %v, want %v", c.speed, i+1, got, want)
					}
				})
			}
			tp.run(t)
			tp.want(t, "15m0s: quarter", "30m0s: quarter", "45m0s: quarter", "1h0m0s: quarter")
		})
	}
}

func TestWhatIsLateIsNotHurriedAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, since := newTape(1), passed()
		var at []time.Duration
		note := func() { at = append(at, since()) }
		c.AfterFunc(time.Second, func() {
			note()
			time.Sleep(10 * time.Second)
		})
		c.AfterFunc(6*time.Second, note)
		c.AfterFunc(10*time.Second, note)
		c.run(t)
		want := []time.Duration{time.Second, 11 * time.Second, 15 * time.Second}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Errorf("real times (-want +got):\n%s", diff)
		}
	})
}

func TestSetSpeedCountsFromNowOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, since := newTape(1), passed()
		c.AfterFunc(100*time.Second, func() {
			c.mark("end")
			if got := since(); got != 20*time.Second {
				t.Errorf("got the end after %v, want 10s at speed 1 and 10s at speed 9", got)
			}
			c.SetSpeed(0)
		})
		c.AfterFunc(100*time.Hour, func() {
			if got := since(); got != 20*time.Second {
				t.Errorf("got %v, want no wait at speed 0", got)
			}
		})
		go func() {
			time.Sleep(10 * time.Second)
			c.SetSpeed(9)
			if got := c.Now().Sub(engine.Epoch); got != 10*time.Second {
				t.Errorf("got %v when the speed was set, want 10s", got)
			}
		}()
		c.run(t)
		c.want(t, "1m40s: end")
	})
}

func TestReadingGoesOnUpToTheNextThing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTape(2)
		check := func(now, reading time.Duration) {
			t.Helper()
			if got := c.Now().Sub(engine.Epoch); got != now {
				t.Errorf("got Now %v, want %v", got, now)
			}
			if got := c.Reading().Sub(engine.Epoch); got != reading {
				t.Errorf("got Reading %v, want %v", got, reading)
			}
		}
		c.AfterFunc(time.Minute, func() {
			check(time.Minute, time.Minute)
			time.Sleep(time.Hour)
			check(time.Minute, 2*time.Minute) // up to the next
		})
		c.AfterFunc(2*time.Minute, func() {})
		check(0, 0)
		go func() {
			time.Sleep(10 * time.Second)
			check(0, 20*time.Second)
		}()
		c.run(t)
		check(2*time.Minute, 2*time.Minute)
	})
}

func TestInterjectedThingsHappenAtTheReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTape(2)
		c.KeepOpen()
		c.AfterFunc(time.Minute, c.marks("minute"))
		go func() {
			time.Sleep(15 * time.Second)
			c.Interject(c.marks("key"))
			time.Sleep(time.Hour)
			c.Interject(func() {
				c.mark("key")
				c.AfterFunc(time.Second, c.marks("a second after the key"))
			})
			time.Sleep(time.Hour)
			c.Stop()
		}()
		c.run(t)
		// 15 s and 1 h 15 s, at twice the speed.
		c.want(t, "30s: key", "1m0s: minute", "2h0m30s: key", "2h0m31s: a second after the key")
	})
}

func TestInterjectAtSpeed0HappensNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTape(0)
		c.KeepOpen()
		c.AfterFunc(time.Minute, c.marks("minute"))
		go func() {
			time.Sleep(time.Hour)
			c.Interject(c.marks("key"))
			time.Sleep(time.Hour)
			c.Stop()
		}()
		c.run(t)
		c.want(t, "1m0s: minute", "1m0s: key")
	})
}

func TestInterjectBeforeAnythingWasDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTape(2)
		c.KeepOpen()
		go func() {
			time.Sleep(15 * time.Second)
			c.Interject(func() {
				c.mark("key")
				c.Stop()
			})
		}()
		c.run(t)
		c.want(t, "30s: key")
	})
}

// A pause, as the screen makes it: nothing passes, keys still work, and afterwards the rest of the interval is as long as
// it was.
func TestPause(t *testing.T) {
	for _, setSpeed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) { pause(t, setSpeed) })
	}
}

func pause(t *testing.T, setSpeed bool) {
	c, since := newTape(1), passed()
	c.KeepOpen()
	c.AfterFunc(time.Minute, func() {
		c.mark("minute")
		if got, want := since(), time.Hour+time.Minute; got != want {
			t.Errorf("got the minute after %v, want %v", got, want)
		}
		c.Stop()
	})
	go func() {
		time.Sleep(20 * time.Second)
		var resume func()
		c.Interject(func() {
			c.mark("pause")
			resume = c.Hold()
		})
		time.Sleep(30 * time.Minute)
		if got := c.Reading().Sub(engine.Epoch); got != 20*time.Second {
			t.Errorf("got the reading %v in the pause, want 20s", got)
		}
		c.Interject(c.marks("key"))
		time.Sleep(10 * time.Minute)
		if setSpeed {
			c.SetSpeed(1)
		}
		time.Sleep(20 * time.Minute)
		c.Interject(func() {
			c.mark("resume")
			resume()
		})
	}()
	c.run(t)
	c.want(t, "20s: pause", "20s: key", "20s: resume", "1m0s: minute")
}

// A reader that cannot keep up suspends the clock in the middle of an instant. Keys and operators are answered meanwhile.
func TestSuspendLetsNothingButInterjectionsThrough(t *testing.T) {
	for _, speed := range []float64{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			c := newTape(speed)
			c.AfterFunc(time.Second, func() {
				c.mark("suspended")
				resume, again := c.Suspend(), c.Suspend()
				c.Post(c.marks("posted"))
				release := c.Hold()
				go func() {
					time.Sleep(time.Hour)
					c.Interject(c.marks("operator"))
					c.Post(release)
					time.Sleep(time.Hour)
					again()
					time.Sleep(time.Hour)
					c.Interject(func() {
						c.mark("resumed")
						resume()
						resume()
					})
				}()
			})
			c.AfterFunc(2*time.Second, c.marks("2 s"))
			c.run(t)
			c.want(t, "1s: suspended", "1s: operator", "1s: resumed", "1s: posted", "2s: 2 s")
		})
	}
}

// Interjections that never end, and queue entries that never end, leave turns to each other.
func TestInterjectionsAndDueEntriesTakeTurns(t *testing.T) {
	for _, c := range []*engine.Clock{engine.NewSimulated(engine.Epoch, 0), engine.NewReal()} {
		interjections, entries := 0, 0
		var interject, post func()
		count := func(n *int, again func()) {
			if *n++; *n == 1000 {
				c.Stop()
			}
			again()
		}
		interject = func() { count(&interjections, func() { c.Interject(interject) }) }
		post = func() { count(&entries, func() { c.Post(post) }) }
		c.Interject(interject)
		c.Post(post)
		if err := c.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if min(interjections, entries) < 999 {
			t.Errorf("got %d interjections and %d entries, want as many of each", interjections, entries)
		}
	}
}

// A real clock is not suspended: what it runs goes on whatever a reader does.
func TestARealClockIsNotSuspended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := engine.NewReal()
		c.Suspend()
		c.AfterFunc(time.Second, c.Stop)
		if err := c.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// A simulated clock keeps the place of what another goroutine makes ready: however long that takes, the order is the same.
func TestAReservedPlaceIsWaitedFor(t *testing.T) {
	for _, speed := range []float64{0, 1} {
		for _, takes := range []time.Duration{0, time.Hour} {
			synctest.Test(t, func(t *testing.T) {
				c := newTape(speed)
				c.AfterFunc(time.Second, func() {
					c.Post(c.marks("before"))
					ready := c.Reserve(func() {
						c.mark("reserved")
						c.Post(c.marks("posted by it"))
					})
					c.Post(c.marks("after"))
					if takes == 0 {
						ready()
					}
					go func() {
						time.Sleep(takes)
						ready()
						ready()
					}()
				})
				c.AfterFunc(time.Second, c.marks("due as well"))
				c.AfterFunc(time.Second+1, c.marks("later"))
				c.run(t)
				c.want(t, "1s: due as well", "1s: before", "1s: reserved", "1s: after", "1s: posted by it", "1.000000001s: later")
			})
		}
	}
}

// While it waits, keys are answered and the clock can be stopped.
func TestAReservedPlaceLetsInterjectionsThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTape(0)
		c.Reserve(c.marks("never"))
		go func() {
			time.Sleep(time.Second)
			c.Interject(c.marks("key"))
			time.Sleep(time.Second)
			c.Interject(c.Stop)
		}()
		c.run(t)
		c.want(t, "0s: key")
	})
}

func TestARealClockDoesNotWaitForAReservedPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := engine.NewReal()
		start := c.Now()
		var lines []string
		mark := func(what string) func() {
			return func() { lines = append(lines, fmt.Sprint(c.Now().Sub(start), ": ", what)) }
		}
		ready := c.Reserve(func() {
			mark("reserved")()
			c.Stop()
		})
		c.AfterFunc(time.Second, mark("timer"))
		go func() {
			time.Sleep(2 * time.Second)
			ready()
			ready()
		}()
		if err := c.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"1s: timer", "2s: reserved"}, lines); diff != "" {
			t.Errorf("what happened (-want +got):\n%s", diff)
		}
	})
}

// A busy loop with reserved places in between passes as much simulated time as one without.
func TestReservedPlacesAreNotCounted(t *testing.T) {
	c := newTape(0)
	n := 0
	var loop func()
	loop = func() {
		if n++; n == 1000 {
			c.mark("done")
			return
		}
		c.Reserve(func() { c.Post(loop) })()
	}
	c.Post(loop)
	c.run(t)
	c.want(t, "9ms: done")
}

// Further away than a time.Duration reaches is not now.
func TestTheFarFutureDoesNotComeEarly(t *testing.T) {
	for _, speed := range []float64{0.01, 1, 2} {
		synctest.Test(t, func(t *testing.T) {
			c := newTape(speed)
			c.At(time.Date(3000, time.January, 1, 0, 0, 0, 0, time.UTC), c.marks("the year 3000"))
			cause := errors.New("a year has passed")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 365*24*time.Hour, cause)
			defer cancel()
			if err := c.Run(ctx); !errors.Is(err, cause) {
				t.Errorf("speed %v: got %v from Run, want a year of waiting", speed, err)
			}
			c.want(t)
		})
	}
	c := newTape(0)
	c.At(time.Date(3000, time.January, 1, 0, 0, 0, 0, time.UTC), func() {
		if got := c.Now().Year(); got != 3000 {
			t.Errorf("got the year %d, want 3000", got)
		}
		c.mark("")
	})
	c.run(t)
	if len(c.lines) != 1 {
		t.Error("the year 3000 never came, want it at once at speed 0")
	}
}

// A thing to do in a random schedule. Its children are due so much later than itself, or than the end of what it does
// elsewhere.
type thing struct {
	id       int
	way      string // how it gets into the queue: "after", "at", "post"
	delay    time.Duration
	slow     time.Duration // how long it takes, in real time
	away     time.Duration // how long something works for it on another goroutine, in real time
	takeBack int           // the thing that it takes back
	children []*thing
}

type plan struct {
	things []*thing
	roots  []*thing
}

var plans = rapid.Custom(func(t *rapid.T) plan {
	var p plan
	for i := range rapid.IntRange(1, 14).Draw(t, "things") {
		x := &thing{
			id:    i,
			way:   rapid.SampledFrom([]string{"after", "at", "post"}).Draw(t, "way"),
			delay: time.Duration(rapid.IntRange(-1, 5).Draw(t, "delay")) * time.Second / 2,
			// Sums of different powers differ, so that no two things elsewhere end at once.
			slow:     time.Duration(rapid.IntRange(0, 1).Draw(t, "slow")) * time.Second << i,
			away:     time.Duration(rapid.IntRange(0, 1).Draw(t, "away")) * time.Microsecond << i,
			takeBack: rapid.IntRange(-20, 13).Draw(t, "takes back"),
		}
		p.things = append(p.things, x)
		if parent := rapid.IntRange(-1, i-1).Draw(t, "parent"); parent < 0 {
			p.roots = append(p.roots, x)
		} else {
			p.things[parent].children = append(p.things[parent].children, x)
		}
	}
	return p
})

// play runs a plan and returns what happened when. Late is called for entries that come at another time than asked.
func play(t *testing.T, p plan, speed float64, wrong func(string)) []string {
	var lines []string
	synctest.Test(t, func(t *testing.T) {
		c := newTape(speed)
		stops := map[int]func() bool{}
		var schedule func(x *thing)
		schedule = func(x *thing) {
			base := c.Now()
			due := base.Add(max(x.delay, 0))
			do := func() {
				now := c.Now()
				c.mark(fmt.Sprint("thing ", x.id))
				if !now.Equal(due) {
					wrong(fmt.Sprintf("thing %d came at %v, want %v", x.id, now, due))
				}
				if stop := stops[x.takeBack]; stop != nil {
					c.mark(fmt.Sprint("takes back ", x.takeBack, ": ", stop()))
				}
				time.Sleep(x.slow)
				if x.away > 0 {
					release := c.Hold()
					go func() {
						time.Sleep(x.away)
						c.Post(func() {
							c.mark(fmt.Sprint("answer ", x.id))
							for _, child := range x.children {
								schedule(child)
							}
						})
						release()
					}()
				} else {
					for _, child := range x.children {
						schedule(child)
					}
				}
				if got := c.Now(); !got.Equal(now) {
					wrong(fmt.Sprintf("thing %d saw the time go from %v to %v", x.id, now, got))
				}
			}
			switch x.way {
			case "after":
				stops[x.id] = c.AfterFunc(x.delay, do)
			case "at":
				stops[x.id] = c.At(base.Add(x.delay), do)
			default:
				due = base
				c.Post(do)
			}
		}
		for _, x := range p.roots {
			schedule(x)
		}
		c.run(t)
		lines = c.lines
	})
	return lines
}

func TestTheSameHappensAtEverySpeed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := plans.Draw(rt, "plan")
		wrong := func(what string) { rt.Error(what) }
		want := play(t, p, 0, wrong)
		for _, speed := range []float64{0.3, 1, 1000} {
			if diff := cmp.Diff(want, play(t, p, speed, wrong)); diff != "" {
				rt.Fatalf("speed %v (-speed 0 +got):\n%s", speed, diff)
			}
		}
	})
}

// Whatever way things come into the queue, they are done by time, then by sequence: a crowd of them at one instant as well.
func TestTheQueueIsInOrder(t *testing.T) {
	type entry struct {
		due      time.Time
		sequence int
	}
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		things := rapid.SampledFrom([]int{3, 20, 3000}).Draw(t, "things")
		posts := rapid.IntRange(0, 5).Draw(t, "posts")
		c := engine.NewSimulated(engine.Epoch, 0)
		var done []entry
		sequence, taken := 0, 0
		var stops []func() bool
		var add func()
		add = func() {
			if sequence == things {
				return
			}
			sequence++
			delay := time.Duration(random.IntN(4)-1) * 10 * time.Millisecond
			e := entry{c.Now().Add(max(delay, 0)), sequence}
			do := func() {
				done = append(done, e)
				for range random.IntN(4) {
					add()
				}
				if len(stops) > 0 && random.IntN(4) == 0 && stops[random.IntN(len(stops))]() {
					taken++
				}
			}
			switch way := random.IntN(3 + posts); way {
			case 0:
				stops = append(stops, c.AfterFunc(delay, do))
			case 1:
				stops = append(stops, c.At(c.Now().Add(delay), do))
			default:
				e.due = c.Now()
				c.Post(do)
			}
		}
		for range 3 {
			add()
		}
		if err := c.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if len(done)+taken != sequence {
			t.Errorf("%d were done and %d taken back of %d", len(done), taken, sequence)
		}
		for i := 1; i < len(done); i++ {
			a, b := done[i-1], done[i]
			if b.due.Before(a.due) || b.due.Equal(a.due) && b.sequence < a.sequence {
				t.Fatalf("number %d, due %v, was done before number %d, due %v", a.sequence, a.due, b.sequence, b.due)
			}
		}
	})
}

func TestHoldAndSetSpeedDoNotMoveNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTape(1000)
		c.AfterFunc(time.Second, func() {
			time.Sleep(time.Second)
			release := c.Hold()
			c.mark("held")
			release()
			time.Sleep(time.Second)
			c.SetSpeed(10)
			c.mark("slower")
			c.AfterFunc(time.Second, c.marks("a second later"))
		})
		c.AfterFunc(time.Hour, c.marks("hour"))
		c.run(t)
		c.want(t, "1s: held", "1s: slower", "2s: a second later", "1h0m0s: hour")
	})
}

func TestRealClockFollowsTheMachines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := engine.NewReal()
		if got := c.Now(); !got.Equal(time.Now()) || got != got.UTC().Round(0) {
			t.Errorf("got %#v at the beginning, want %v in UTC", got, time.Now())
		}
		start, since := c.Now(), passed()
		var at []time.Duration
		note := func() {
			at = append(at, since())
			if now := c.Now(); !now.Equal(time.Now()) || now != now.UTC().Round(0) {
				t.Errorf("got Now %v, want %v", now, time.Now())
			}
		}
		c.AfterFunc(time.Second, func() {
			note()
			now := c.Now()
			time.Sleep(3 * time.Second)
			if got := c.Now(); got != now {
				t.Errorf("Now went from %v to %v while something was done", now, got)
			}
			if got := c.Reading().Sub(now); got != 3*time.Second {
				t.Errorf("got a Reading %v after Now, want 3s", got)
			}
			// Four seconds from here, not from the beginning of what took three.
			c.AfterFunc(4*time.Second, note)
			c.At(now.Add(5*time.Second), note)
		})
		c.AfterFunc(2*time.Second, note) // late
		c.At(start.Add(20*time.Second), c.Stop)
		release := c.Hold() // a real clock takes no notice
		defer release()
		c.SetSpeed(100)
		if err := c.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{time.Second, 4 * time.Second, 6 * time.Second, 8 * time.Second}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Errorf("real times (-want +got):\n%s", diff)
		}
		if got := since(); got != 20*time.Second {
			t.Errorf("got the end after %v, want 20s", got)
		}
	})
}

// What was seen while the clock was busy is handled in the order in which it was seen, between the deadlines that were due.
func TestARealClockCatchesUpInTheOrderOfTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := engine.NewReal()
		start := c.Now()
		var lines []string
		mark := func(what string) func() {
			return func() { lines = append(lines, fmt.Sprint(c.Now().Sub(start), ": ", what)) }
		}
		stampAfter := func(d time.Duration, then func(seen time.Time)) {
			go func() {
				time.Sleep(d)
				then(c.Stamp())
			}()
		}
		c.Post(func() {
			c.AfterFunc(5*time.Second, mark("due at 5s"))
			stampAfter(2*time.Second, func(seen time.Time) {
				c.At(seen, func() {
					mark("seen at " + seen.Sub(start).String())()
					c.At(seen.Add(time.Second), mark("due at 3s, asked for late"))
				})
			})
			stampAfter(4*time.Second, func(seen time.Time) {
				time.Sleep(2 * time.Second)
				c.At(seen, mark("seen at "+seen.Sub(start).String()))
			})
			stampAfter(9*time.Second, func(time.Time) { c.Post(mark("posted at 9s")) })
			time.Sleep(10 * time.Second)
			if now := c.Stamp(); now.Sub(start) != 10*time.Second || now != now.UTC().Round(0) {
				t.Errorf("got a Stamp of %v, want 10s after %v in UTC", now, start)
			}
		})
		c.AfterFunc(20*time.Second, c.Stop)
		if err := c.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{
			"10s: seen at 2s", "10s: due at 3s, asked for late", "10s: seen at 4s", "10s: due at 5s", "10s: posted at 9s",
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("what happened (-want +got):\n%s", diff)
		}
	})
}

// A stamp of a simulation is the time of the entry being done, so that a run does not depend on the computer.
func TestStampOfASimulatedClockIsNow(t *testing.T) {
	c := newTape(1e6)
	c.AfterFunc(time.Hour, func() {
		if got := c.Stamp(); !got.Equal(c.Now()) {
			t.Errorf("got a Stamp of %v, want %v", got, c.Now())
		}
	})
	c.run(t)
}

func TestRealClockTakesPostsWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, since := engine.NewReal(), passed()
		late := c.AfterFunc(time.Hour, func() { t.Error("what was taken back was done") })
		go func() {
			time.Sleep(time.Second)
			c.Post(func() {
				if got := since(); got != time.Second {
					t.Errorf("got the post after %v, want 1s", got)
				}
				if !late() {
					t.Error("the hour was not to come")
				}
				c.Post(c.Stop)
			})
		}()
		if err := c.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := since(); got != time.Second {
			t.Errorf("got the end after %v, want 1s", got)
		}
	})
}

// Entries need no lock, from whichever goroutine they were posted: the race detector checks that.
// Time stands while any of many goroutines holds the clock; what they post belongs to the instant in which they were started.
func TestHoldFromOtherGoroutines(t *testing.T) {
	c := newTape(0)
	posted := 0
	c.AfterFunc(time.Second, func() {
		for range 8 {
			outer := c.Hold()
			go func() {
				defer outer()
				for range 100 {
					release := c.Hold()
					c.Post(func() {
						if posted++; c.Now().Sub(engine.Epoch) != time.Second {
							t.Errorf("posted while held: got %v, want 1s", c.Now().Sub(engine.Epoch))
						}
					})
					go release()
				}
			}()
		}
	})
	c.AfterFunc(time.Second+1, func() {
		if posted != 800 {
			t.Errorf("time passed after %d of 800 posts", posted)
		}
	})
	c.run(t)
}

func BenchmarkHold(b *testing.B) {
	c := engine.NewSimulated(engine.Epoch, 0)
	b.ReportAllocs()
	for b.Loop() {
		c.Hold()()
	}
}

// BenchmarkHoldAcrossGoroutines is a simulated clock that waits for another goroutine at every entry, as for a slow writer.
func BenchmarkHoldAcrossGoroutines(b *testing.B) {
	for name, wait := range map[string]func(*engine.Clock) func(){"Hold": (*engine.Clock).Hold, "Suspend": (*engine.Clock).Suspend} {
		b.Run(name, func(b *testing.B) {
			c := engine.NewSimulated(engine.Epoch, 0)
			releases := make(chan func(), 1)
			go func() {
				for release := range releases {
					release()
				}
			}()
			n := 0
			var step func()
			step = func() {
				if n++; n < b.N {
					releases <- wait(c)
					c.AfterFunc(1, step)
				}
			}
			c.Post(step)
			if err := c.Run(b.Context()); err != nil {
				b.Fatal(err)
			}
			close(releases)
		})
	}
}

// BenchmarkTimers is a timer set and fired while others wait.
func BenchmarkTimers(b *testing.B) {
	for _, waiting := range []int{0, 10, 1000} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			c := engine.NewSimulated(engine.Epoch, 0)
			for i := range waiting {
				c.AfterFunc(time.Duration(1+i)*1000*time.Hour, func() {})
			}
			n := 0
			var step func()
			step = func() {
				if n++; n == b.N {
					c.Stop()
					return
				}
				c.AfterFunc(time.Microsecond, step)
			}
			c.Post(step)
			b.ReportAllocs()
			if err := c.Run(b.Context()); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func TestPostFromOtherGoroutines(t *testing.T) {
	for name, c := range map[string]*engine.Clock{
		"simulated": engine.NewSimulated(engine.Epoch, 0),
		"paced":     engine.NewSimulated(engine.Epoch, 1e6),
		"real":      engine.NewReal(),
	} {
		const goroutines, posts = 4, 200
		done := 0
		last := make([]int, goroutines)
		var now time.Time
		do := func() {
			if c.Now().Before(now) {
				t.Errorf("%s: the clock went back from %v to %v", name, now, c.Now())
			}
			now = c.Now()
			done++
		}
		c.KeepOpen()
		var wait sync.WaitGroup
		for g := range goroutines {
			wait.Go(func() {
				release := c.Hold()
				defer release()
				for i := range posts {
					c.Post(func() {
						do()
						if last[g] != i {
							t.Errorf("%s: post %d came when %d was next", name, i, last[g])
						}
						last[g]++
					})
					c.Interject(do)
					stop := c.AfterFunc(time.Hour, func() { t.Errorf("%s: what was taken back was done", name) })
					c.Now()
					c.Reading()
					if !stop() {
						t.Errorf("%s: stop came too late", name)
					}
				}
			})
		}
		go func() {
			wait.Wait()
			// Behind all posts, then behind all interjections: the two take turns.
			c.AfterFunc(time.Microsecond, func() { c.Interject(c.Stop) })
		}()
		if err := c.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := goroutines * posts * 2; done != want {
			t.Errorf("%s: got %d things done, want %d", name, done, want)
		}
	}
}
