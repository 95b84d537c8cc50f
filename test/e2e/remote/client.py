"""A client that its author wrote from proto/ alone: launches an instance, executes in it, deletes it.

Usage: client.py GENERATED ADDRESS SERVER_CERTIFICATE CERTIFICATE KEY
"""

import sys

generated, address, *files = sys.argv[1:]
sys.path.insert(0, generated)

import grpc  # noqa: E402
from yurt.v1 import exec_pb2, exec_pb2_grpc, instance_pb2, instance_pb2_grpc  # noqa: E402
from yurt.v1 import operation_pb2, operation_pb2_grpc  # noqa: E402


def read(path):
    with open(path, "rb") as file:
        return file.read()


server_certificate, certificate, key = map(read, files)
credentials = grpc.ssl_channel_credentials(server_certificate, key, certificate)
channel = grpc.secure_channel(address, credentials, [("grpc.ssl_target_name_override", "localhost")])
instances = instance_pb2_grpc.InstanceServiceStub(channel)
operations = operation_pb2_grpc.OperationServiceStub(channel)


def finish(operation):
    request = operation_pb2.WatchOperationRequest(id=operation.id)
    for answer in operations.WatchOperation(request):
        operation = answer.operation
    status = operation_pb2.OperationStatus.Name(operation.status)
    print(operation.kind, status, operation.fault.message)


request = instance_pb2.CreateInstanceRequest(name="snake", image="tiny", start=True)
finish(instances.CreateInstance(request).operation)

start = exec_pb2.ExecStart(instance="snake", command=["sh", "-c", "cat; exit 3"], after_boot=True)
requests = [
    exec_pb2.ExecRequest(start=start),
    exec_pb2.ExecRequest(stdin=b"hello from python\n"),
    exec_pb2.ExecRequest(close_stdin=exec_pb2.CloseStdin()),
]
for answer in exec_pb2_grpc.ExecServiceStub(channel).Exec(iter(requests)):
    if answer.stdout:
        print(answer.stdout.decode(), end="")
    if answer.HasField("exit"):
        print("exit", answer.exit.code)

try:
    instances.GetInstance(instance_pb2.GetInstanceRequest(name="none"))
except grpc.RpcError as error:
    print(error.code().name, dict(error.trailing_metadata()).get("yurt-fault"))

request = instance_pb2.DeleteInstanceRequest(name="snake", force=True)
finish(instances.DeleteInstance(request).operation)
