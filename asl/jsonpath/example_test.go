package jsonpath_test

import (
	"errors"
	"fmt"

	"signalbox/asl/jsonpath"
	"signalbox/asl/value"
)

func ExampleCompile() {
	order, err := value.Read([]byte(`{"items": [{"name": "tea", "cents": 250}, {"name": "cake", "cents": 400}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"$.items[1].name", "$.items[-2].name", "$.items[*].cents", "$.items[?(@.cents > 300)].name"} {
		path, err := jsonpath.Compile(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		found, err := path.Get(order)
		fmt.Println(text, value.Text(found), err)
	}
	// Output:
	// $.items[1].name "cake" <nil>
	// $.items[-2].name "tea" <nil>
	// $.items[*].cents [250,400] <nil>
	// $.items[?(@.cents > 300)].name ["cake"] <nil>
}

func ExampleCompile_error() {
	_, err := jsonpath.Compile("$.items[0")
	fmt.Println(err)
	// Output: jsonpath "$.items[0": the [ at character 8 is not closed
}

// A definite path that selects nothing is an error, in the words of AWS.
func ExamplePath_Get() {
	path, _ := jsonpath.Compile("$.customer.name")
	_, err := path.Get(value.NewObject("customer", value.NewObject("id", int64(7))))
	var missing *jsonpath.MissingError
	fmt.Println(errors.As(err, &missing), err)
	// Output: true Missing property in path $['customer']['name']
}

// Set returns a copy, with missing objects added.
func ExamplePath_Set() {
	path, _ := jsonpath.Compile("$.result.status")
	input := value.NewObject("id", int64(7))
	output, err := path.Set(input, "done")
	fmt.Println(value.Text(output), err)
	fmt.Println(value.Text(input))
	// Output:
	// {"id":7,"result":{"status":"done"}} <nil>
	// {"id":7}
}
