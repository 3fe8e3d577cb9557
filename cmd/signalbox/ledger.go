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

// ledgerCmd shows a ledger, and writes down what an operator does: through the process that works with it where there is
// one, else under the folder's lock.
type ledgerCmd struct {
	Show    ledgerShow    `cmd:"" default:"withargs" help:"Print sales, cash and stock; also while a process writes."`
	Refill  ledgerRefill  `cmd:"" help:"Write down coins or snacks that were put in. What was out of work is tried again."`
	Collect ledgerCollect `cmd:"" help:"Write down coins that were taken out."`
	Settle  ledgerSettle  `cmd:"" help:"Decide what became of something that a power cut has hidden."`
}

// ledgerPlace says which ledger.
type ledgerPlace struct {
	Data   string `placeholder:"DIR" help:"The machine's data folder. The vending machine's own where it is not given."`
	Config string `placeholder:"FILE" help:"What the machine consists of, if run has it from a file; where no process runs."`
	JSON   bool   `name:"json" help:"Print a JSON object."`
}

func (p ledgerPlace) dir() (string, error) {
	if p.Data != "" {
		return p.Data, nil
	}
	return assembly.DefaultData("vending")
}

// open opens the ledger to look at it, and finds the machine that keeps it.
func (p ledgerPlace) open(dir string) (*ledger.File, *machines.Machine, error) {
	file, err := ledger.Read(filepath.Join(dir, ledger.Name))
	if errors.Is(err, ledger.ErrNone) {
		return nil, nil, assembly.Usagef("%w; a machine that runs with --data %s begins one", err, dir)
	}
	if err != nil {
		return nil, nil, err
	}
	all := assembly.BuiltIn()
	i := slices.IndexFunc(all, func(m machines.Machine) bool { return m.Name == file.Machine() })
	if i < 0 || all[i].Report == nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: there is no machine %q here", dir, file.Machine()), file.Close())
	}
	return file, &all[i], nil
}

type ledgerShow struct {
	ledgerPlace
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

type ledgerRefill struct {
	ledgerPlace
	Tube   string `placeholder:"VALUE" xor:"what" required:"" help:"The tube of these coins, such as 0.25."`
	Column int    `placeholder:"N" xor:"what" required:"" help:"The column."`
	Count  int    `arg:"" help:"How many coins or snacks were put in; 0 only says that somebody has looked after it."`
}

// Run implements the command.
func (c *ledgerRefill) Run(ctx context.Context, s streams) error {
	if c.Tube == "" {
		return c.do(ctx, s, vending.Refill, "column", int64(c.Column), "snacks", int64(c.Count))
	}
	tube, err := cents("--tube", c.Tube)
	if err != nil {
		return err
	}
	return c.do(ctx, s, vending.Refill, "tube", tube, "coins", int64(c.Count))
}

type ledgerCollect struct {
	ledgerPlace
	Tube  string `placeholder:"VALUE" xor:"what" required:"" help:"Out of the tube of these coins, such as 0.25."`
	Box   bool   `xor:"what" required:"" help:"All that is in the cash box."`
	Count *int   `arg:"" optional:"" help:"How many coins, of a tube; all where it is not given."`
}

// Run implements the command.
func (c *ledgerCollect) Run(ctx context.Context, s streams) error {
	if c.Box {
		if c.Count != nil {
			return assembly.Usagef("--box: the box is emptied as a whole; leave the count out")
		}
		return c.do(ctx, s, vending.Collect, "box", true)
	}
	tube, err := cents("--tube", c.Tube)
	if err != nil {
		return err
	}
	pairs := []any{"tube", tube}
	if c.Count != nil {
		pairs = append(pairs, "coins", int64(*c.Count))
	}
	return c.do(ctx, s, vending.Collect, pairs...)
}

type ledgerSettle struct {
	ledgerPlace
	Column   int    `placeholder:"N" xor:"what" required:"" help:"The sale of this column: delivered or refund."`
	Tube     string `placeholder:"VALUE" xor:"what" required:"" help:"A coin of this tube: paid or owed."`
	Debt     bool   `xor:"what" required:"" help:"All that is owed: handed, by the operator."`
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
		tube, err := cents("--tube", c.Tube)
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
			hint = fmt.Sprintf("; decide one of %q", known)
		}
		return assembly.Usagef("there is no decision %q about that%s", c.Decision, hint)
	}
	return c.do(ctx, s, vending.Settle, append(what, "decision", c.Decision)...)
}

func cents(flag, text string) (int64, error) {
	amount, ok := vending.ParseCents(text)
	if !ok {
		return 0, assembly.Usagef("%s %s: an amount is written like 0.25", flag, text)
	}
	return int64(amount), nil
}

// do has an operation done, and prints what came of it.
func (p ledgerPlace) do(ctx context.Context, s streams, operation string, pairs ...any) error {
	dir, err := p.dir()
	if err != nil {
		return err
	}
	file, m, err := p.open(dir)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	input := value.NewObject(pairs...)
	output, err := assembly.Ask(ctx, dir, operation, input)
	if errors.Is(err, assembly.ErrNotRunning) {
		output, err = p.alone(dir, m, operation, input)
	}
	var refused *asl.Error
	if errors.As(err, &refused) {
		return fmt.Errorf("%s is refused: %s (%s)", operation, refused.Cause, refused.Name)
	}
	if err != nil {
		return err
	}
	if p.JSON {
		_, err = fmt.Fprintln(s.out, value.Text(output))
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s: %s\n", operation, value.Text(output))
	return err
}

// alone does an operation where no process runs.
func (p ledgerPlace) alone(dir string, m *machines.Machine, operation string, input *value.Object) (_ any, err error) {
	if p.Config != "" {
		text, err := textfile.Read(p.Config)
		if err != nil {
			return nil, assembly.Usagef("--config: %w", err)
		}
		configured, err := m.Configure(p.Config, text)
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
	return assembly.OperateOffline(m, file, operation, input, time.Now())
}
