package asl

// This file holds Wait states and the timers that states set.

import (
	"time"

	"signalbox/asl/value"
)

// setTimer asks for a timer that fires at a time, or at once if that has passed, and returns its id and time.
func (st *stepper) setTimer(sc *Scope, at time.Time) (id int64, due instant) {
	if at.Before(st.now) {
		at = st.now
	}
	st.x.ids++
	st.out.Do = append(st.out.Do, Effect{Kind: EffectSetTimer, Scope: sc.path, ID: st.x.ids, At: at})
	return st.x.ids, instantOf(at)
}

// cancelTimer cancels a timer, if there is one, and sets its id to 0.
func (st *stepper) cancelTimer(id *int64, path ScopePath) {
	if *id != 0 {
		st.out.Do = append(st.out.Do, Effect{Kind: EffectCancelTimer, Scope: path, ID: *id})
		*id = 0
	}
}

// maxWait is the longest wait that AWS takes: 2^31 seconds, rounded down to days.
const maxWait = 24855 * 24 * time.Hour

// waitEnd returns when a Wait is over. Seconds count from the entry of the state.
func (st *stepper) waitEnd(sc *Scope, in any) (time.Time, *Error) {
	w := sc.state.wait
	until := sc.entered.time().Add(time.Duration(w.seconds) * time.Second)
	switch {
	case !w.timestamp.IsZero():
		until = w.timestamp
	case w.timestampPath != nil:
		v, err := st.env(sc, in).lookup(w.timestampPath)
		if err != nil {
			return until, runtimeError("The TimestampPath parameter does not reference an input value: %s", w.timestampPath)
		}
		text, ok := v.(string)
		if ok {
			until, ok = timestamp(text)
		}
		if !ok {
			return until, runtimeError("The TimestampPath parameter does not reference a valid ISO-8601 extended offset "+
				"date-time format string: %s == %s", w.timestampPath, messageText(v))
		}
	case w.secondsPath != nil:
		v, err := st.env(sc, in).lookup(w.secondsPath)
		if err != nil {
			return until, runtimeError("The SecondsPath parameter does not reference an input value: %s", w.secondsPath)
		}
		n, ok := v.(int64)
		switch {
		case !ok:
			return until, runtimeError("The SecondsPath parameter cannot be parsed as a long value: %s == %s",
				w.secondsPath, value.Text(v))
		case n < 0:
			return until, runtimeError("The SecondsPath parameter references a negative value: %s == %d", w.secondsPath, n)
		case n > int64(maxWait/time.Second):
			return until, runtimeError("Wait state delay is too long.")
		}
		until = sc.entered.time().Add(time.Duration(n) * time.Second)
	}
	if until.Sub(sc.entered.time()) > maxWait {
		return until, runtimeError("Wait state delay is too long.")
	}
	return until, nil
}
