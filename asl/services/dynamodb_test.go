package services_test

import (
	"fmt"
	"math/big"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/services"
	"signalbox/asl/value"
)

const oneTable = "tables:\n  T: {is: t, key: id}\n  R: {is: r, key: {id: S, at: N}}\n"

// machine is a definition of Tasks one after the other, each SERVICE:ACTION and parameters.
func machine(tasks ...[2]string) string {
	var b strings.Builder
	b.WriteString(`{"StartAt": "0", "States": {`)
	for i, t := range tasks {
		next := fmt.Sprintf(`"Next": "%d"}, `, i+1)
		if i == len(tasks)-1 {
			next = `"End": true}}}`
		}
		fmt.Fprintf(&b, `"%d": {"Type": "Task", "Resource": "arn:aws:states:::%s", "Parameters": %s, "ResultPath": "$.r%[1]d", `, i, t[0], t[1])
		b.WriteString(next)
	}
	return b.String()
}

// put and get are Tasks with an item, or a key, in table T.
func put(item, more string) [2]string {
	return [2]string{"dynamodb:putItem", fmt.Sprintf(`{"TableName": "T", "Item": %s%s}`, item, more)}
}

func get(key, more string) [2]string {
	return [2]string{"aws-sdk:dynamodb:getItem", fmt.Sprintf(`{"TableName": "T", "Key": %s%s}`, key, more)}
}

func TestConditions(t *testing.T) {
	const item = `{"id": {"S": "a"}, "n": {"N": "10"}, "s": {"S": "hello"}, "l": {"L": [{"S": "x"}, {"M": {"deep": {"BOOL": true}}}]},
		"ss": {"SS": ["p", "q"]}, "b": {"B": "AAEC"}, "none": {"NULL": true}, "m": {"M": {"k": {"N": "1"}}}}`
	const values = `{":n": {"N": "10.0"}, ":m": {"N": "9"}, ":s": {"S": "hel"}, ":x": {"S": "x"}, ":p": {"S": "p"}, ":t": {"BOOL": true},
		":S": {"S": "S"}, ":big": {"N": "100"}, ":three": {"N": "3"}}`
	for condition, holds := range map[string]bool{
		"attribute_exists(id)":                 true,
		"attribute_not_exists(id)":             false,
		"attribute_not_exists(nothing)":        true,
		"n = :n":                               true,
		"n <> :n":                              false,
		"n > :m AND n < :big":                  true, // as numbers, not as texts
		"n BETWEEN :m AND :big":                true,
		"n BETWEEN :big AND :m":                false,
		"n IN (:m, :big)":                      false,
		"n IN (:m, :n)":                        true,
		"n = :s":                               false,
		"n < :s":                               false,
		"n <> :s":                              true,
		"nothing = :n":                         false,
		"nothing <> :n":                        true,
		"nothing < :n":                         false,
		"begins_with(s, :s)":                   true,
		"begins_with(n, :s)":                   false,
		"contains(s, :s)":                      true,
		"contains(ss, :p)":                     true,
		"contains(ss, :x)":                     false,
		"contains(l, :x)":                      true,
		"attribute_type(s, :S)":                true,
		"attribute_type(n, :S)":                false,
		"size(s) > :three":                     true,
		"size(l) = :three":                     false,
		"size(b) = :three":                     true,
		"size(n) = :three":                     false,
		"l[1].deep = :t":                       true,
		"l[7] = :t":                            false,
		"m.k < :m":                             true,
		"NOT attribute_exists(id) OR n = :n":   true,
		"NOT (attribute_exists(id) OR n = :n)": false,
		"n = :m OR n = :n AND s = :s":          false,
		"(n = :n OR n = :m) AND attribute_exists(#odd.#k)":       true,
		"not attribute_exists(id) or n=:n and begins_with(s,:s)": true,
	} {
		t.Run(condition, func(t *testing.T) {
			more := `, "ConditionExpression": "` + condition + `"`
			if used := only(t, values, condition); used != "" {
				more += `, "ExpressionAttributeValues": ` + used
			}
			if strings.Contains(condition, "#") {
				more += `, "ExpressionAttributeNames": {"#odd": "m", "#k": "k"}`
			}
			got := play(t, machine(put(item, ""), put(`{"id": {"S": "a"}}`, more)), "{}", oneTable)
			if len(got) != 2 {
				t.Fatalf("got %v", got)
			}
			text, failed := got[1].(string)
			switch {
			case holds && failed:
				t.Errorf("got %s, want it to hold", text)
			case !holds && !strings.HasPrefix(text, "DynamoDB.ConditionalCheckFailedException: The conditional request failed "+
				"(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException; Request ID: "):
				t.Errorf("got %v, want it not to hold", got[1])
			}
		})
	}
}

// only returns of values those that an expression names.
func only(tb testing.TB, values, expression string) string {
	var b value.Builder
	n := 0
	for name, v := range read(tb, values).(*value.Object).All() {
		for _, word := range strings.FieldsFunc(expression, func(r rune) bool { return strings.ContainsRune(" (),", r) }) {
			if word == name || strings.HasSuffix(word, "="+name) {
				b.Set(name, v)
				n++
			}
		}
	}
	if n == 0 {
		return ""
	}
	return value.Text(b.Object())
}

func TestRefusedByDynamoDB(t *testing.T) {
	for _, c := range []struct {
		task [2]string
		want string
	}{
		{put(`{"n": {"N": "1"}}`, ""), "One or more parameter values were invalid: Missing the key id in the item"},
		{put(`{"id": {"N": "1"}}`, ""), "One or more parameter values were invalid: Type mismatch for key id expected: S actual: N"},
		{
			put(`{"id": {"S": ""}}`, ""),
			"One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id",
		},
		{put(`{"id": {}}`, ""), "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
		{
			put(`{"id": {"S": "a", "N": "1"}}`, ""),
			"Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
		},
		{put(`{"id": {"S": "a"}, "n": {"N": "one"}}`, ""), "The parameter cannot be converted to a numeric value: one"},
		{put(`{"id": {"S": "a"}, "n": {"N": "1e126"}}`, ""), "Number overflow. Attempting to store a number with magnitude larger"},
		{put(`{"id": {"S": "a"}, "n": {"N": "`+strings.Repeat("1", 39)+`"}}`, ""), "Attempting to store more than 38 significant digits"},
		{
			put(`{"id": {"S": "a"}, "n": {"SS": ["a", "a"]}}`, ""),
			"One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
		},
		{put(`{"id": {"S": "a"}, "n": {"SS": []}}`, ""), "One or more parameter values were invalid: An string set  may not be empty"},
		{put(`{"id": {"S": "a"}, "n": {"NULL": false}}`, ""), "One or more parameter values were invalid: Null attribute value types"},
		{put(`{"id": {"S": "a"}}`, `, "ReturnValues": "ALL_NEW"`), "Return values set to invalid value"},
		{put(`{"id": {"S": "a"}}`, `, "ConditionExpression": "id ="`), `Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "="`},
		{put(`{"id": {"S": "a"}}`, `, "ConditionExpression": "id = :v"`), "Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :v"},
		{put(`{"id": {"S": "a"}}`, `, "ConditionExpression": "attribute_exists(#n)"`), "Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #n"},
		{put(`{"id": {"S": "a"}}`, `, "ConditionExpression": "exists(id)"`), "Invalid ConditionExpression: Invalid function name; function: exists"},
		{put(`{"id": {"S": "a"}}`, `, "ConditionExpression": "id ; n"`), `Invalid ConditionExpression: Syntax error; token: ";"`},
		{put(`{"id": {"S": "a"}}`, `, "ConditionExpression": ""`), "Invalid ConditionExpression: The expression can not be empty;"},
		{
			put(`{"id": {"S": "a"}}`, `, "ConditionExpression": "attribute_exists(id)", "ExpressionAttributeValues": {":v": {"S": "a"}}`),
			"Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}",
		},
		{put(`{"id": {"S": "a"}}`, `, "ExpressionAttributeNames": {"#n": "n"}`), "ExpressionAttributeNames can only be specified when using expressions"},
		{[2]string{"dynamodb:getItem", `{"TableName": "T", "Key": {"id": {"N": "1"}}}`}, "The provided key element does not match the schema"},
		{
			[2]string{"dynamodb:getItem", `{"TableName": "T", "Key": {"id": {"S": "a"}, "at": {"N": "1"}}}`},
			"The provided key element does not match the schema",
		},
		{[2]string{"dynamodb:deleteItem", `{"TableName": "R", "Key": {"id": {"S": "a"}}}`}, "The provided key element does not match the schema"},
		{
			[2]string{"dynamodb:getItem", `{"TableName": "T", "Key": {"id": {"S": "a"}}, "ProjectionExpression": "a, a.b"}`},
			"Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]",
		},
		{[2]string{"dynamodb:getItem", `{"TableName": null, "Key": {"id": {"S": "a"}}}`}, "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null"},
	} {
		got := play(t, machine(c.task), "{}", oneTable)
		want := "DynamoDB.AmazonDynamoDBException: " + c.want
		if len(got) != 1 || !strings.HasPrefix(fmt.Sprint(got[0]), want) || !strings.Contains(got[0].(string), "Error Code: ValidationException") {
			t.Errorf("%s %s:\n got %v\nwant %s", c.task[0], c.task[1], got, want)
		}
	}
	for _, c := range []struct {
		task [2]string
		want string
	}{
		{put(`{"id": {"S": 1}}`, ""), "[The value of the field 'S' has an invalid format]"},
		{put(`{"id": {"S": "a"}, "n": {"N": 1}}`, ""), "[The value of the field 'N' has an invalid format]"},
		{put(`{"id": {"S": "a"}, "n": {"B": "%"}}`, ""), "[The value of the field 'B' has an invalid format]"},
		{put(`{"id": {"S": "a"}}`, `, "Expected": {}`), "[The field 'Expected' is not supported here]"},
		{[2]string{"dynamodb:getItem", `{"TableName": 7, "Key": {"id": {"S": "a"}}}`}, "[The value of the field 'TableName' has an invalid format]"},
	} {
		got := play(t, machine(c.task), "{}", oneTable)
		if len(got) != 1 || !strings.HasPrefix(fmt.Sprint(got[0]), asl.ErrRuntime) || !strings.Contains(fmt.Sprint(got[0]), c.want) {
			t.Errorf("%s %s:\n got %v\nwant %s", c.task[0], c.task[1], got, c.want)
		}
	}
}

func TestItemsAreKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "services.db")
	playOn(t, file, machine(
		put(`{"id": {"S": "a"}, "n": {"N": "+007.50"}, "l": {"L": [{"M": {"z": {"S": "1"}, "y": {"BOOL": false}}}, {"S": "2"}]}, "ns": {"NS": ["10", "9", "1e1"]}}`, ""),
	), "{}", oneTable) // the set has a number twice
	got, _ := playOn(t, file, machine(
		get(`{"id": {"S": "a"}}`, ""),
		put(`{"id": {"S": "a"}, "n": {"N": "+007.50"}, "l": {"L": [{"M": {"z": {"S": "1"}, "y": {"BOOL": false}}}, {"S": "2"}]}, "ns": {"NS": ["10", "9"]}}`, ""),
		[2]string{"aws-sdk:dynamodb:putItem", `{"TableName": "R", "Item": {"id": {"S": "a"}, "at": {"N": "1.0"}}}`},
		[2]string{"aws-sdk:dynamodb:putItem", `{"TableName": "R", "Item": {"id": {"S": "a"}, "at": {"N": "2"}}}`},
	), "{}", oneTable)
	if text := value.Text(got[0]); text != "{}" {
		t.Errorf("got %s, want no item", text)
	}
	got, _ = playOn(t, file, machine(
		get(`{"id": {"S": "a"}}`, ""),
		get(`{"id": {"S": "a"}}`, `, "ProjectionExpression": "n, l[0].z, nothing.at.all"`),
		get(`{"id": {"S": "a"}}`, `, "ProjectionExpression": "#l[1]", "ExpressionAttributeNames": {"#l": "l"}`),
		[2]string{"aws-sdk:dynamodb:getItem", `{"TableName": "R", "Key": {"at": {"N": "01"}, "id": {"S": "a"}}}`},
		[2]string{"aws-sdk:dynamodb:deleteItem", `{"TableName": "R", "Key": {"id": {"S": "a"}, "at": {"N": "1"}}, "ReturnValues": "ALL_OLD"}`},
		[2]string{"aws-sdk:dynamodb:getItem", `{"TableName": "R", "Key": {"at": {"N": "1"}, "id": {"S": "a"}}}`},
		[2]string{"aws-sdk:dynamodb:getItem", `{"TableName": "R", "Key": {"at": {"N": "2"}, "id": {"S": "a"}}}`},
		[2]string{"aws-sdk:dynamodb:putItem", `{"TableName": "T", "Item": {"id": {"S": "a"}}, "ReturnValues": "ALL_OLD", "ConditionExpression": "n = :n", "ExpressionAttributeValues": {":n": {"N": "7.5"}}}`},
	), "{}", oneTable)
	whole := `{"id":{"S":"a"},"l":{"L":[{"M":{"y":{"BOOL":false},"z":{"S":"1"}}},{"S":"2"}]},"n":{"N":"7.5"},"ns":{"NS":["9","10"]}}`
	for i, want := range []string{
		`{"Item":` + whole + `}`,
		`{"Item":{"l":{"L":[{"M":{"z":{"S":"1"}}}]},"n":{"N":"7.5"}}}`,
		`{"Item":{"l":{"L":[{"S":"2"}]}}}`,
		`{"Item":{"at":{"N":"1"},"id":{"S":"a"}}}`,
		`{"Attributes":{"at":{"N":"1"},"id":{"S":"a"}}}`,
		`{}`,
		`{"Item":{"at":{"N":"2"},"id":{"S":"a"}}}`,
		`{"Attributes":` + whole + `}`,
	} {
		if i >= len(got) || value.Text(got[i]) != want {
			t.Errorf("Task %d:\n got %v\nwant %s", i, value.Text(got[i]), want)
		}
	}
}

// However a number is written, it is the same number, and is written in one way.
func TestNumbersHaveOneForm(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringMatching(`[+-]?[0-9]{1,12}(\.[0-9]{0,8})?([eE][+-]?[0-9]{1,2})?`).Draw(rt, "number")
		got := play(t, machine(put(`{"id": {"S": "a"}, "n": {"N": "`+text+`"}}`, ""), get(`{"id": {"S": "a"}}`, "")), "{}", oneTable)
		if len(got) != 2 {
			rt.Fatalf("%s: got %v", text, got)
		}
		item, _ := got[1].(*value.Object).Lookup("Item")
		n, _ := item.(*value.Object).Lookup("n")
		kept, _ := n.(*value.Object).Lookup("N")
		want, _ := new(big.Rat).SetString(strings.Replace(text, ".e", "e", 1))
		if want == nil {
			want, _ = new(big.Rat).SetString(strings.NewReplacer(".e", "e", ".E", "e").Replace(strings.TrimSuffix(text, ".")))
		}
		have, ok := new(big.Rat).SetString(kept.(string))
		if !ok || want.Cmp(have) != 0 || strings.ContainsAny(kept.(string), "eE+") ||
			strings.Contains(kept.(string), ".") && strings.HasSuffix(kept.(string), "0") {
			rt.Fatalf("%s: got %s", text, kept)
		}
	})
}

// Nothing that an expression can say brings the reader down.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{"a = :v AND (b < c OR NOT size(d) > :v)", "l[0].m.#n IN (:v, a)", "contains(a, :v)", "(((", "[", "a BETWEEN", "#"} {
		f.Add(seed)
	}
	item := read(f, `{"a": {"S": "x"}, "l": {"L": [{"N": "1"}]}}`).(*value.Object)
	values := read(f, `{":v": {"S": "x"}}`)
	clock := engine.NewSimulated(engine.Epoch, 0)
	f.Fuzz(func(t *testing.T, text string) {
		for _, of := range []*value.Object{item, nil} {
			holds, err := services.Condition(clock, value.NewObject("ConditionExpression", text, "ExpressionAttributeValues", values), of)
			if holds && err != nil {
				t.Fatalf("%q: got true and %v", text, err)
			}
		}
	})
}
