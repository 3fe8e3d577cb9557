package asl

func (st *stepper) evaluateFail(sc *Scope) *Error {
	s := sc.state
	err := &Error{s.errorName, s.errorCause}
	env := st.env(sc, sc.data)
	for _, f := range []struct {
		e  *expression
		to *string
	}{{s.errorPath, &err.Name}, {s.causePath, &err.Cause}} {
		if f.e == nil {
			continue
		}
		v, bad := f.e.eval(env)
		if bad != nil {
			return st.locate(sc, bad)
		}
		text, ok := v.(string)
		if !ok {
			return st.locate(sc, runtimeError("The JSONPath '%s' specified for the field '%s' must be a string", f.e.text, f.e.field))
		}
		*f.to = text
	}
	return err
}
