"""A client that knows nothing of yurt's files: it asks the server to describe itself, and calls what it is told of.

Python links descriptors as protoc does: a file that names what it does not import is refused.

Usage: stranger.py GENERATED ADDRESS SERVER_CERTIFICATE CERTIFICATE KEY
"""

import sys

generated, address, *files = sys.argv[1:]
sys.path.insert(0, generated)

import grpc  # noqa: E402
import reflection_pb2  # noqa: E402
import reflection_pb2_grpc  # noqa: E402
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: E402


def read(path):
    with open(path, "rb") as file:
        return file.read()


server_certificate, certificate, key = map(read, files)
credentials = grpc.ssl_channel_credentials(server_certificate, key, certificate)
channel = grpc.secure_channel(address, credentials, [("grpc.ssl_target_name_override", "localhost")])
reflection = reflection_pb2_grpc.ServerReflectionStub(channel)


def ask(**request):
    return next(reflection.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(**request)])))


pool = descriptor_pool.DescriptorPool()
linked = set()


def link(**request):
    answer = ask(**request)
    assert not answer.HasField("error_response"), (request, answer.error_response)
    for text in answer.file_descriptor_response.file_descriptor_proto:
        file = descriptor_pb2.FileDescriptorProto.FromString(text)
        if file.name in linked:
            continue
        linked.add(file.name)
        for name in file.dependency:
            link(file_by_filename=name)
        pool.Add(file)


services = [service.name for service in ask(list_services="").list_services_response.service]
for name in services:
    link(file_containing_symbol=name)
    assert len(pool.FindServiceByName(name).methods) > 0, name

method = pool.FindServiceByName("yurt.v1.ProfileService").FindMethodByName("CreateProfile")
factory = message_factory.MessageFactory(pool)
request, answer = (factory.GetPrototype(each) for each in (method.input_type, method.output_type))
call = channel.unary_unary(
    "/yurt.v1.ProfileService/CreateProfile",
    request_serializer=request.SerializeToString,
    response_deserializer=answer.FromString,
)
profile = request(name="told", config={"user.by": "reflection"})
profile.devices["root"].options.update({"type": "disk", "path": "/", "pool": "default"})
print(call(profile).profile.name)
