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

// clearFaultCmd clears the latched fault of a crossing's monitor, through the process that holds the data folder if there is one.
type clearFaultCmd struct {
	Data string `required:"" placeholder:"DIR" help:"Data folder of the run, in which the fault is latched."`
	By   string `placeholder:"NAME" help:"Name of the person who clears the fault (default: the user's)."`
	JSON bool   `name:"json" help:"Print the fault as a JSON object."`
}

// Help returns the text that --help shows above the flags.
func (clearFaultCmd) Help() string {
	return `When the monitor of a crossing has seen a fault, all heads flash red, also after a restart or a power cut, until this command clears
the fault: find the cause first. A running machine ends; start it again. The file faults-cleared.jsonl in the data folder records
each fault and the person who cleared it. Exit codes: 0 cleared, 1 no fault, or it could not be cleared, 2 usage error.`
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
			return assembly.Usagef("--by: %v; name the person who clears the fault", err)
		}
		c.By = u.Username
	}
	cleared, err := assembly.Ask(ctx, c.Data, assembly.Request{
		Operation: assembly.OpClearFault, Input: value.NewObject("by", c.By), Key: assembly.NewKey(),
	})
	if errors.Is(err, assembly.ErrNotRunning) {
		cleared, err = c.clearFile()
	}
	var failed *asl.Error
	var unanswered *assembly.UnansweredError
	switch {
	case errors.As(err, &unanswered):
		return fmt.Errorf("it is not known whether the fault was cleared (%w); look at the machine, or repeat the command", unanswered.Err)
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

// clearFile clears the fault of a data folder that no process holds.
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
	return assembly.FaultObject(f), nil
}
