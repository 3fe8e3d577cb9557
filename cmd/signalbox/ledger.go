package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"signalbox/asl"
	"signalbox/asl/value"
	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/internal/near"
	"signalbox/internal/textfile"
	"signalbox/machines"
	"signalbox/machines/ledger"
	"signalbox/machines/vending"
)

// ledgerCmd shows a ledger, and records an operator's work in it: through the process that holds the data folder if there is one,
// else under the folder's lock.
type ledgerCmd struct {
	Show    ledgerShow    `cmd:"" default:"withargs" help:"Print sales, cash, stock and debts; the machine may be running."`
	Refill  ledgerRefill  `cmd:"" help:"Record coins or snacks put in. Tubes and columns out of work are tried again."`
	Collect ledgerCollect `cmd:"" help:"Record coins taken out."`
	Backup  ledgerBackup  `cmd:"" help:"Check the whole ledger and write a copy of it; the machine may be running."`
	Settle  ledgerSettle  `cmd:"" help:"Decide a sale, a coin or debts whose outcome the machine does not know."`
}

// ledgerFlags are the flags of all ledger commands.
type ledgerFlags struct {
	Data   string `placeholder:"DIR" help:"Data folder of the machine (default: the vending machine's own)."`
	Config string `placeholder:"FILE" help:"Configuration with which the machine runs; used while it does not run."`
	JSON   bool   `name:"json" help:"Print a JSON object."`
}

// operatorFlags are the flags of the ledger commands that record something.
type operatorFlags struct {
	ledgerFlags
	Key string `placeholder:"KEY" help:"Key of an earlier command: it is repeated, and not done twice (default: a new key)."`
}

// dir returns the data folder.
func (f ledgerFlags) dir() (string, error) {
	if f.Data != "" {
		return f.Data, nil
	}
	return assembly.DefaultData("vending")
}

// open opens the ledger for reading, and returns it with the built-in machine that keeps it.
func (f ledgerFlags) open(dir string) (*ledger.File, *machines.Machine, error) {
	file, err := ledger.Read(filepath.Join(dir, ledger.Name))
	if errors.Is(err, ledger.ErrNone) {
		return nil, nil, assembly.Usagef("%w; a run with --data %s creates it", err, dir)
	}
	if err != nil {
		return nil, nil, err
	}
	all := assembly.BuiltIn()
	i := slices.IndexFunc(all, func(m machines.Machine) bool { return m.Name == file.Machine() })
	if i < 0 || all[i].Report == nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: there is no built-in machine %q", dir, file.Machine()), file.Close())
	}
	return file, &all[i], nil
}

type ledgerShow struct {
	ledgerFlags
}

// Run implements the command.
func (c *ledgerShow) Run(s streams) error {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	file, m, err := c.open(dir)
	if err != nil {
		return err
	}
	var damaged error
	text, data, err := m.Report(assembly.Entries(file, &damaged))
	if err = errors.Join(damaged, err, file.Close()); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	if c.JSON {
		text = value.Text(data) + "\n"
	}
	_, err = fmt.Fprint(s.out, text)
	return err
}

type ledgerBackup struct {
	ledgerFlags
	File string `arg:"" placeholder:"FILE" help:"New file of the copy; FILE.tail is written beside it."`
}

// Run implements the command.
func (c *ledgerBackup) Run(s streams) error {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	file, _, err := c.open(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Backup(c.File), file.Close()); err != nil {
		return err
	}
	if c.JSON {
		_, err = fmt.Fprintln(s.out, value.Text(value.NewObject("backup", c.File)))
		return err
	}
	_, err = fmt.Fprintf(s.out, "the ledger is whole; the copy is %s with %[1]s.tail\n", c.File)
	return err
}

type ledgerRefill struct {
	operatorFlags
	Tube   string `placeholder:"VALUE" xor:"what" required:"" help:"Tube, by the value of its coins, such as 0.25."`
	Column int    `placeholder:"N" xor:"what" required:"" help:"Column, by its number."`
	Count  int    `arg:"" help:"Number of coins or snacks put in; 0 records an inspection."`
}

// Run implements the command.
func (c *ledgerRefill) Run(ctx context.Context, s streams) error {
	if c.Tube == "" {
		return c.operate(ctx, s, vending.Refill, "column", int64(c.Column), "snacks", int64(c.Count))
	}
	tube, err := parseCents("--tube", c.Tube)
	if err != nil {
		return err
	}
	return c.operate(ctx, s, vending.Refill, "tube", tube, "coins", int64(c.Count))
}

type ledgerCollect struct {
	operatorFlags
	Tube  string `placeholder:"VALUE" xor:"what" required:"" help:"Tube, by the value of its coins, such as 0.25."`
	Box   bool   `xor:"what" required:"" help:"All coins in the cash box."`
	Count *int   `arg:"" optional:"" help:"Number of coins of the tube (default: all)."`
}

// Run implements the command.
func (c *ledgerCollect) Run(ctx context.Context, s streams) error {
	if c.Box {
		if c.Count != nil {
			return assembly.Usagef("--box: the box is emptied as a whole; leave out the count")
		}
		return c.operate(ctx, s, vending.Collect, "box", true)
	}
	tube, err := parseCents("--tube", c.Tube)
	if err != nil {
		return err
	}
	pairs := []any{"tube", tube}
	if c.Count != nil {
		pairs = append(pairs, "coins", int64(*c.Count))
	}
	return c.operate(ctx, s, vending.Collect, pairs...)
}

type ledgerSettle struct {
	operatorFlags
	Column   int    `placeholder:"N" xor:"what" required:"" help:"Sale of this column: delivered or refund."`
	Tube     string `placeholder:"VALUE" xor:"what" required:"" help:"Coin of this tube: paid or owed."`
	Debt     bool   `xor:"what" required:"" help:"All debts: handed (over by the operator)."`
	Decision string `arg:"" help:"delivered, refund, paid, owed or handed."`
}

// Run implements the command.
func (c *ledgerSettle) Run(ctx context.Context, s streams) error {
	known := []string{"delivered", "refund"}
	what := make([]any, 0, 4)
	switch {
	case c.Debt:
		known, what = []string{"handed"}, append(what, "debt", true)
	case c.Tube != "":
		tube, err := parseCents("--tube", c.Tube)
		if err != nil {
			return err
		}
		known, what = []string{"paid", "owed"}, append(what, "tube", tube)
	default:
		what = append(what, "column", int64(c.Column))
	}
	if !slices.Contains(known, c.Decision) {
		hint := near.Hint(c.Decision, known)
		if hint == "" {
			hint = fmt.Sprintf("; use one of %q", known)
		}
		return assembly.Usagef("there is no decision %q here%s", c.Decision, hint)
	}
	return c.operate(ctx, s, vending.Settle, append(what, "decision", c.Decision)...)
}

// parseCents returns an amount that a flag gives.
func parseCents(flag, text string) (int64, error) {
	amount, ok := vending.ParseCents(text)
	if !ok {
		return 0, assembly.Usagef("%s %s: an amount is written like 0.25", flag, text)
	}
	return int64(amount), nil
}

// operate carries out an operation of the machine, and prints its output. Pairs are the members of the operation's input.
func (f operatorFlags) operate(ctx context.Context, s streams, operation string, pairs ...any) error {
	request := assembly.Request{Operation: operation, Input: value.NewObject(pairs...), Key: f.Key}
	if request.Key == "" {
		request.Key = assembly.NewKey()
	} else if !assembly.ValidKey(request.Key) {
		return assembly.Usagef("--key %.80q: a key has 1 to 64 letters and digits", request.Key)
	}
	dir, err := f.dir()
	if err != nil {
		return err
	}
	file, m, err := f.open(dir)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	output, err := assembly.Ask(ctx, dir, request)
	if errors.Is(err, assembly.ErrNotRunning) {
		output, err = f.operateOffline(dir, m, request)
	}
	var refused *asl.Error
	if errors.As(err, &refused) {
		return fmt.Errorf("%s refused: %s (%s)", operation, refused.Cause, refused.Name)
	}
	if err != nil {
		return err
	}
	if f.JSON {
		_, err = fmt.Fprintln(s.out, value.Text(output))
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s: %s\n", operation, value.Text(output))
	return err
}

// operateOffline carries out an operation of a machine that is not running.
func (f operatorFlags) operateOffline(dir string, m *machines.Machine, request assembly.Request) (_ any, err error) {
	if f.Config != "" {
		text, err := textfile.Read(f.Config)
		if err != nil {
			return nil, assembly.Usagef("--config: %w", err)
		}
		configured, err := m.Configure(f.Config, text)
		if err != nil {
			return nil, assembly.UsageError{Err: err}
		}
		m = &configured
	}
	data, err := assembly.OpenData(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	file, err := ledger.Open(filepath.Join(dir, ledger.Name), m.Name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return assembly.OperateOffline(m, file, request, time.Now())
}
