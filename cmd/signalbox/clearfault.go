package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"signalbox/asl"
	"signalbox/asl/value"
	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/machines/monitor"
)

type clearFaultCmd struct {
	Data string `required:"" placeholder:"DIR" help:"The folder in which the fault is latched: the --data of the run."`
	By   string `placeholder:"NAME" help:"Who has seen to it; the user's name if absent."`
	JSON bool   `name:"json" help:"Print the fault as a JSON object."`
}

// Help is what kong shows below the flags.
func (clearFaultCmd) Help() string {
	return `When a crossing's monitor has seen what must not be, all heads flash red, and go on to after a restart and a loss of power, until a
person has found out why and says so with this command. A machine that runs ends with it; start it again. Who cleared what is
kept in faults-cleared.jsonl. Exit codes: 0 cleared, 1 there was no fault, or it could not be cleared, 2 misuse.`
}

// Run implements the command.
func (c *clearFaultCmd) Run(ctx context.Context, s streams) error {
	switch info, err := os.Stat(c.Data); {
	case err != nil:
		return assembly.UsageError{Err: fmt.Errorf("--data: %w", err)}
	case !info.IsDir():
		return assembly.Usagef("--data: %s is not a folder", c.Data)
	}
	if c.By == "" {
		u, err := user.Current()
		if err != nil {
			return assembly.Usagef("--by: %v; say who clears the fault", err)
		}
		c.By = u.Username
	}
	cleared, err := assembly.Ask(ctx, c.Data, assembly.OpClearFault, value.NewObject("by", c.By))
	if errors.Is(err, assembly.ErrNotRunning) {
		cleared, err = c.clearFile()
	}
	var failed *asl.Error
	switch {
	case errors.As(err, &failed) && failed.Name == assembly.ErrNoFault:
		return fmt.Errorf("no fault is latched in %s", c.Data)
	case err != nil:
		return err
	}
	text := append(value.Append(nil, cleared), '\n')
	if o, ok := cleared.(*value.Object); ok && !c.JSON {
		kind, _ := o.Lookup("kind")
		detail, _ := o.Lookup("detail")
		at, _ := o.Lookup("time")
		text = fmt.Appendf(nil, "cleared by %s: %s: %s (%s)\n", c.By, kind, detail, at)
	}
	_, err = s.out.Write(text)
	return err
}

// clearFile clears a fault that no process works with.
func (c *clearFaultCmd) clearFile() (_ any, err error) {
	data, err := assembly.OpenData(c.Data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	f, err := monitor.File{Dir: c.Data}.Clear(monitor.Cleared{By: c.By, At: time.Now().UTC()})
	if err == nil && f == nil {
		return nil, &asl.Error{Name: assembly.ErrNoFault}
	}
	if err != nil {
		return nil, err
	}
	return assembly.FaultValue(f), nil
}
