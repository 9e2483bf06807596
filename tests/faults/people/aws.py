"""Types a command of the AWS command line: `aws.py rds start-db-instance --db-instance-identifier records`.

The options are read by the models that botocore carries, as the AWS command line reads them; only what hints need.
"""

import sys

import botocore.session
from botocore import xform_name


def value(shape, words):
    if shape.type_name == "boolean":
        return not words or words[0] == "true"
    if shape.type_name in ("integer", "long"):
        return int(words[0])
    if shape.type_name == "list":
        return [value(shape.member, [word]) for word in words]
    if shape.type_name == "structure":
        # The shorthand: ParameterName=work_mem,ParameterValue=1024
        pairs = (pair.split("=", 1) for pair in words[0].split(","))
        return {name: value(shape.members[name], [text]) for name, text in pairs}
    return words[0]


def options(words):
    found, name = {}, None
    for word in words:
        if word.startswith("--"):
            name = word[2:]
            found[name] = []
        else:
            found[name].append(word)
    return found


service, command, *rest = sys.argv[1:]
client = botocore.session.get_session().create_client(service)
operations = {xform_name(name, "-"): name for name in client.meta.service_model.operation_names}
if command == "wait":
    waits = {option.replace("-", "_"): words for option, words in options(rest[1:]).items() if option != "region"}
    pascal = {"db_instance_identifier": "DBInstanceIdentifier"}
    arguments = {pascal[option]: words[0] for option, words in waits.items()}
    client.get_waiter(rest[0].replace("-", "_")).wait(WaiterConfig={"Delay": 1}, **arguments)
    sys.exit(0)
if command not in operations:
    sys.exit(f"aws {service} has no command {command}")
shape = client.meta.service_model.operation_model(operations[command]).input_shape
members = {xform_name(name, "-"): (name, member) for name, member in shape.members.items()}
request = {}
for option, words in options(rest).items():
    if option in ("region", "profile", "endpoint-url", "output", "query"):
        continue
    negated = option.removeprefix("no-")
    if option not in members and negated in members:
        request[members[negated][0]] = False
    elif option in members:
        name, member = members[option]
        request[name] = value(member, words)
    else:
        sys.exit(f"aws {service} {command} has no option --{option}")
print(getattr(client, xform_name(operations[command]))(**request))
