package assembly

import (
	"fmt"
	"path/filepath"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/services"
	"signalbox/machines"
	"signalbox/machines/direct"
)

// servicesFile is the file for tables and queues in the data folder, if their mapping names no other.
const servicesFile = "services.db"

// openServices opens the local stand-ins for AWS's services.
func (a *Assembly) openServices() (err error) {
	file := a.config.Services.Store()
	if file == "" && a.config.Data != "" {
		file = filepath.Join(a.config.Data, servicesFile)
	}
	a.services, err = services.Open(a.config.Services, file, a.clock)
	return err
}

// openBackend opens what a machine without lines works on: databases.
func (a *Assembly) openBackend() (err error) {
	note := func(text string) { a.recorder.plant("", []machines.Note{{Text: text}}) }
	a.backend, err = a.config.Definition.BuiltIn.Open(a.config.Settings, machines.RunContext{Clock: a.clock, Note: note, Data: a.config.Data})
	return err
}

// mocked puts the test case's responses before handlers, and returns the handler of Tasks that have none there; nil if they
// are to fail.
func (a *Assembly) mocked(handlers map[string]engine.Handler) engine.Handler {
	var other engine.Handler
	if a.services != nil {
		other = a.services
	}
	if a.config.Mocks == nil {
		return other
	}
	if a.config.Board == nil {
		for _, activity := range direct.Activities() {
			handlers[activity] = engine.HandlerFunc(func(t engine.Task) (any, string, string) {
				return nil, asl.ErrRuntime, fmt.Sprintf("State '%s' moves lines: give it a response in the test case, or name the board "+
					"that has its lines with --board FILE", t.State)
			})
		}
	}
	player := a.config.Mocks.Play()
	for activity, h := range handlers {
		handlers[activity] = player.Before(h)
	}
	if other != nil {
		return player.Before(other)
	}
	return player
}
