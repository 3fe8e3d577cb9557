package engine

import "time"

// A pacer keeps simulated time in step with real time.
type pacer struct {
	speed     float64   // simulated seconds a second; 0: no waiting
	simulated time.Time // the two clocks when they were last in step
	real      time.Time // zero: never
}

// begin puts the clocks in step if they never were.
func (p *pacer) begin(now time.Time) {
	if p.real.IsZero() {
		p.simulated, p.real = now, time.Now()
	}
}

// reading returns the simulated time for the current real time, at least now.
func (p *pacer) reading(now time.Time) time.Time {
	if p.speed <= 0 || p.real.IsZero() {
		return now
	}
	t := p.simulated.Add(duration(float64(time.Since(p.real)) * p.speed))
	if t.Before(now) {
		return now
	}
	return t
}

// wait returns the real time to wait before simulated time may advance from now to next. A late clock is put in step again,
// and does not hurry to catch up.
func (p *pacer) wait(now, next time.Time) time.Duration {
	if p.speed <= 0 {
		return 0
	}
	p.begin(now)
	due := p.real.Add(duration(float64(next.Sub(p.simulated)) / p.speed))
	wait := time.Until(due)
	if wait <= 0 {
		p.simulated, p.real = next, time.Now()
	}
	return wait
}

// duration limits nanoseconds to what a time.Duration can hold: a Wait until the year 3000 must not become negative.
func duration(nanoseconds float64) time.Duration {
	const most = 200 * 365 * 24 * time.Hour
	return time.Duration(min(nanoseconds, float64(most)))
}
