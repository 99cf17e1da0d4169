// The answers that tell about the server and its models, as messages (open_inference_grpc.proto;
// Triton's grpc_service.proto and model_config.proto). The numbers are checked against Triton's own
// descriptors by the tests.

extension MessageSchema {
  static let serverMetadata = MessageSchema(
    Field("name", 1, .text), Field("version", 2, .text), Field("extensions", 3, .text))

  static let modelMetadata = MessageSchema(
    Field("name", 1, .text), Field("versions", 2, .text), Field("platform", 3, .text),
    Field("inputs", 4, .message(tensorMetadata)), Field("outputs", 5, .message(tensorMetadata)))

  private static let tensorMetadata = MessageSchema(
    Field("name", 1, .text), Field("datatype", 2, .text), Field("shape", 3, .integer))

  /// An element of RepositoryIndexResponse.
  static let modelIndex = MessageSchema(
    Field("name", 1, .text), Field("version", 2, .text), Field("state", 3, .text),
    Field("reason", 4, .text))

  // MARK: Statistics

  static let modelStatistics = MessageSchema(
    Field(
      "model_stats", 1,
      .message(
        MessageSchema(
          Field("name", 1, .text), Field("version", 2, .text),
          Field("last_inference", 3, .integer), Field("inference_count", 4, .integer),
          Field("execution_count", 5, .integer),
          Field("inference_stats", 6, .message(inferenceStatistics)),
          Field("batch_stats", 7, .message(batchStatistics)),
          Field("memory_usage", 8, .message(memoryUsage))))))

  private static let duration = MessageSchema(
    Field("count", 1, .integer), Field("ns", 2, .integer))

  private static let inferenceStatistics = MessageSchema(
    Field("success", 1, .message(duration)), Field("fail", 2, .message(duration)),
    Field("queue", 3, .message(duration)), Field("compute_input", 4, .message(duration)),
    Field("compute_infer", 5, .message(duration)), Field("compute_output", 6, .message(duration)),
    Field("cache_hit", 7, .message(duration)), Field("cache_miss", 8, .message(duration)))

  private static let batchStatistics = MessageSchema(
    Field("batch_size", 1, .integer), Field("compute_input", 2, .message(duration)),
    Field("compute_infer", 3, .message(duration)), Field("compute_output", 4, .message(duration)))

  private static let memoryUsage = MessageSchema(
    Field("type", 1, .text), Field("id", 2, .integer), Field("byte_size", 3, .integer))

  // MARK: Configuration

  static let modelConfiguration = MessageSchema(
    Field("name", 1, .text), Field("platform", 2, .text),
    Field("version_policy", 3, .message(versionPolicy)), Field("max_batch_size", 4, .integer),
    Field("input", 5, .message(inputConfiguration)),
    Field("output", 6, .message(outputConfiguration)), Field("backend", 17, .text),
    Field(
      "model_transaction_policy", 19, .message(MessageSchema(Field("decoupled", 1, .bool)))),
    Field("response_cache", 24, .message(MessageSchema(Field("enable", 1, .bool)))))

  private static let versionPolicy = MessageSchema(
    Field("latest", 1, .message(MessageSchema(Field("num_versions", 1, .integer)))))

  private static let inputConfiguration = MessageSchema(
    Field("name", 1, .text), Field("data_type", 2, .word(dataTypes)),
    Field("format", 3, .word(["FORMAT_NONE"])), Field("dims", 4, .integer),
    Field("is_shape_tensor", 6, .bool), Field("allow_ragged_batch", 7, .bool),
    Field("optional", 8, .bool))

  private static let outputConfiguration = MessageSchema(
    Field("name", 1, .text), Field("data_type", 2, .word(dataTypes)), Field("dims", 3, .integer))

  private static let dataTypes = [
    "TYPE_INVALID", "TYPE_BOOL", "TYPE_UINT8", "TYPE_UINT16", "TYPE_UINT32", "TYPE_UINT64",
    "TYPE_INT8", "TYPE_INT16", "TYPE_INT32", "TYPE_INT64", "TYPE_FP16", "TYPE_FP32", "TYPE_FP64",
    "TYPE_STRING", "TYPE_BF16",
  ]
}
