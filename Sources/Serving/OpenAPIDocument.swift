/// `/openapi.yaml`, as it stands at the top of the repository. Generated: rewritten by
/// `UPDATE_GOLDEN=1 swift test --filter ServingTests`.
let openAPIDocument = #"""
  openapi: 3.1.0
  info:
    title: Quotient
    version: "1"
    summary: Serves compositional embeddings.
    description: |
      Vectors of categories, composed of the rows of a few small tables (arXiv 1909.02107).

      Every route that answers GET answers HEAD, too; every route answers OPTIONS with 204 and
      `Allow`. Every answer carries `X-Request-ID`: the request's, or one made for it.

      A server that was started with `--tokens` wants `Authorization: Bearer TOKEN` for everything but
      health; tokens of the scope `read` may not load or unload models.

      With `--tls-certificate` it speaks HTTPS (TLS 1.2 or later, HTTP/2 by ALPN) at its TCP
      addresses, and answers HTTP there with 400; with `--tls-client-ca` clients need a certificate.

      Where a path has `/versions/{version}`, it may have `/labels/{label}` instead: a name that the
      model's `serving.json` gives to a version.
    license:
      name: Apache-2.0
      identifier: Apache-2.0
  servers:
    - url: http://127.0.0.1:8080
  tags:
    - name: server
      description: Health, metrics, statistics.
    - name: models
      description: What is served.
    - name: lookups
      description: From categories to vectors.
    - name: scores
      description: From features to click-through rates.
    - name: inference
      description: The same as Open Inference Protocol v2, as KServe and Triton speak it.
  paths:
    /:
      get:
        operationId: getIndex
        tags: [server]
        summary: A short index of the API
        parameters:
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: What there is. JSON with KServe v1's `status`, or text if `Accept` names it.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  type: object
                  required: [status, name, version, models, paths]
                  properties:
                    status:
                      type: string
                      enum: [alive]
                    name:
                      type: string
                    version:
                      type: string
                    models:
                      type: array
                      items:
                        type: string
                    paths:
                      description: Method and path of each endpoint.
                      type: array
                      items:
                        type: string
              text/plain:
                schema:
                  type: string
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /livez:
      get:
        operationId: getLiveness
        tags: [server]
        summary: Does the process answer?
        parameters:
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: It does.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/Liveness"
                example:
                  live: true
          "400":
            $ref: "#/components/responses/BadRequest"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /readyz:
      get:
        operationId: getReadiness
        tags: [server]
        summary: Should requests be sent here?
        parameters:
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: Every configured model has a ready version, and the server is not going down.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/Readiness"
                example:
                  ready: true
                  models:
                    demo: true
          "503":
            description: A model has no ready version, or the server is going down.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Retry-After:
                $ref: "#/components/headers/RetryAfter"
            content:
              application/json:
                schema:
                  anyOf:
                    - $ref: "#/components/schemas/Readiness"
                    - $ref: "#/components/schemas/Error"
          "400":
            $ref: "#/components/responses/BadRequest"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /metrics:
      get:
        operationId: getMetrics
        tags: [server]
        summary: Metrics for Prometheus
        description: |
          Prometheus text 0.0.4; OpenMetrics 1.0 if `Accept` names it and likes it no less.
        parameters:
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: All metrics, in the format that `Accept` prefers.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              text/plain:
                schema:
                  type: string
              application/openmetrics-text:
                schema:
                  type: string
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /openapi.yaml:
      get:
        operationId: getOpenAPI
        tags: [server]
        summary: This document
        parameters:
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: This document.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/yaml:
                schema:
                  type: object
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/stats:
      get:
        operationId: getStatistics
        tags: [server]
        summary: Counts and latency quantiles
        description: |
          Per endpoint since the start: requests, errors, and quantiles of whole requests and of each
          stage, within 2 % of the exact ones.
        parameters:
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: The statistics.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/Statistics"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models:
      get:
        operationId: listModels
        tags: [models]
        summary: The models of this server
        parameters:
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: Their names.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/ModelList"
                example:
                  models: [demo]
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}:
      get:
        operationId: getModelStatus
        tags: [models]
        summary: Which versions there are and how they are
        description: |
          The members of TF Serving and KServe v1; ours under `quotient`.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: The versions, newest first.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/ModelStatus"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}/versions/{version}:
      get:
        operationId: getModelStatusOfVersion
        tags: [models]
        summary: Which versions there are and how they are, of one version
        description: |
          The members of TF Serving and KServe v1; ours under `quotient`.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Version"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: The versions, newest first.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/ModelStatus"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}/metadata:
      get:
        operationId: getModelMetadata
        tags: [models]
        summary: What a model is made of
        description: |
          The members of TF Serving and KServe; ours (features, partitions, bytes) under `quotient`.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: The metadata.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/ModelMetadata"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}/versions/{version}/metadata:
      get:
        operationId: getModelMetadataOfVersion
        tags: [models]
        summary: What a model is made of, of one version
        description: |
          The members of TF Serving and KServe; ours (features, partitions, bytes) under `quotient`.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Version"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: The metadata.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/ModelMetadata"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}/features/{feature}/vectors:
      get:
        operationId: getVectors
        tags: [lookups]
        summary: Vectors of one feature
        description: |
          A lookup that caches keep.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Feature"
          - name: ids
            in: query
            required: true
            description: Ids, separated by commas. Features with hashed or vocabulary input take text.
            style: form
            explode: false
            schema:
              type: array
              minItems: 1
              items:
                $ref: "#/components/schemas/ID"
            example: [17, 42]
          - $ref: "#/components/parameters/Missing"
          - $ref: "#/components/parameters/Encoding"
          - $ref: "#/components/parameters/IfNoneMatch"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: The vectors, as `:lookup` answers them.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              ETag:
                $ref: "#/components/headers/ETag"
              Cache-Control:
                $ref: "#/components/headers/CacheControl"
              Vary:
                $ref: "#/components/headers/Vary"
              Server-Timing:
                $ref: "#/components/headers/ServerTiming"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/LookupAnswer"
                example:
                  model: demo
                  version: "1"
                  vectors:
                    C3: [[0.1, -0.2], [0.3, 0.4]]
              application/vnd.safetensors:
                schema:
                  type: string
                  format: binary
          "304":
            description: The client has this answer already.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              ETag:
                $ref: "#/components/headers/ETag"
              Cache-Control:
                $ref: "#/components/headers/CacheControl"
              Vary:
                $ref: "#/components/headers/Vary"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "422":
            $ref: "#/components/responses/Unprocessable"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}/versions/{version}/features/{feature}/vectors:
      get:
        operationId: getVectorsOfVersion
        tags: [lookups]
        summary: Vectors of one feature, of one version
        description: |
          A lookup that caches keep.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Version"
          - $ref: "#/components/parameters/Feature"
          - name: ids
            in: query
            required: true
            description: Ids, separated by commas. Features with hashed or vocabulary input take text.
            style: form
            explode: false
            schema:
              type: array
              minItems: 1
              items:
                $ref: "#/components/schemas/ID"
            example: [17, 42]
          - $ref: "#/components/parameters/Missing"
          - $ref: "#/components/parameters/Encoding"
          - $ref: "#/components/parameters/IfNoneMatch"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: The vectors, as `:lookup` answers them.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              ETag:
                $ref: "#/components/headers/ETag"
              Cache-Control:
                $ref: "#/components/headers/CacheControl"
              Vary:
                $ref: "#/components/headers/Vary"
              Server-Timing:
                $ref: "#/components/headers/ServerTiming"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/LookupAnswer"
                example:
                  model: demo
                  version: "1"
                  vectors:
                    C3: [[0.1, -0.2], [0.3, 0.4]]
              application/vnd.safetensors:
                schema:
                  type: string
                  format: binary
          "304":
            description: The client has this answer already.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              ETag:
                $ref: "#/components/headers/ETag"
              Cache-Control:
                $ref: "#/components/headers/CacheControl"
              Vary:
                $ref: "#/components/headers/Vary"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "422":
            $ref: "#/components/responses/Unprocessable"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}/features/{feature}/explain:
      get:
        operationId: explainVector
        tags: [lookups]
        summary: How a vector is made
        description: |
          Each partition with its bucket and row, the composition, the vector.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Feature"
          - name: id
            in: query
            required: true
            description: The id. Features with hashed or vocabulary input take text.
            schema:
              $ref: "#/components/schemas/ID"
            example: 17
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: How it is made.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Server-Timing:
                $ref: "#/components/headers/ServerTiming"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/Explanation"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "422":
            $ref: "#/components/responses/Unprocessable"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}/versions/{version}/features/{feature}/explain:
      get:
        operationId: explainVectorOfVersion
        tags: [lookups]
        summary: How a vector is made, of one version
        description: |
          Each partition with its bucket and row, the composition, the vector.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Version"
          - $ref: "#/components/parameters/Feature"
          - name: id
            in: query
            required: true
            description: The id. Features with hashed or vocabulary input take text.
            schema:
              $ref: "#/components/schemas/ID"
            example: 17
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: How it is made.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Server-Timing:
                $ref: "#/components/headers/ServerTiming"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/Explanation"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "422":
            $ref: "#/components/responses/Unprocessable"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}:lookup:
      post:
        operationId: lookUp
        tags: [lookups]
        summary: Vectors of many ids of many features
        description: |
          A list of ids gives one vector an id; a list of lists gives one pooled vector a bag, zeros for
          an empty bag. Answers come in the request's format unless `Accept` says otherwise: JSON as JSON or
          safetensors (tensor `C7` F32 [vectors, width], `C7.missing` BOOL [ids] where ids were missing),
          raw ids as raw little-endian float32 rows with `Quotient-Shape`.
        parameters:
          - $ref: "#/components/parameters/Model"
          - name: feature
            in: query
            description: The feature of raw ids; only for `application/octet-stream`.
            schema:
              type: string
              pattern: "^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$"
          - name: dtype
            in: query
            description: The element type of raw ids; only for `application/octet-stream`.
            schema:
              type: string
              enum: [I32, I64]
          - $ref: "#/components/parameters/Missing"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        requestBody:
          required: true
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/LookupRequest"
              examples:
                ids:
                  summary: A vector per id
                  value:
                    features:
                      C3: [17, 42]
                bags:
                  summary: A pooled vector per bag
                  value:
                    features:
                      C3: [17, 42]
                      C7: [[1, 2, 3], [], [0]]
                    pooling: sum
                    weights:
                      C7: [[0.5, 1, 1], [], [2]]
                    missing: zero
                    encoding: json
            application/vnd.safetensors:
              schema:
                type: string
                format: binary
                description: |
                  Tensor `C7` I64 or I32 [ids]; for bags `C7.lengths` I32 or I64 [bags]; `C7.weights`
                  F32 [ids]. `pooling` and `missing` in `__metadata__`.
            application/octet-stream:
              schema:
                type: string
                format: binary
                description: Little-endian ids of one feature; needs the query `feature` and `dtype`.
        responses:
          "200":
            description: The vectors, in the request's order.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Quotient-Shape:
                $ref: "#/components/headers/Shape"
              Quotient-Missing-Count:
                $ref: "#/components/headers/MissingCount"
              Server-Timing:
                $ref: "#/components/headers/ServerTiming"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/LookupAnswer"
                example:
                  model: demo
                  version: "1"
                  vectors:
                    C3: [[0.1, -0.2], [0.3, 0.4]]
              application/vnd.safetensors:
                schema:
                  type: string
                  format: binary
              application/octet-stream:
                schema:
                  type: string
                  format: binary
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "415":
            $ref: "#/components/responses/UnsupportedMediaType"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "422":
            $ref: "#/components/responses/Unprocessable"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}/versions/{version}:lookup:
      post:
        operationId: lookUpOfVersion
        tags: [lookups]
        summary: Vectors of many ids of many features, of one version
        description: |
          A list of ids gives one vector an id; a list of lists gives one pooled vector a bag, zeros for
          an empty bag. Answers come in the request's format unless `Accept` says otherwise: JSON as JSON or
          safetensors (tensor `C7` F32 [vectors, width], `C7.missing` BOOL [ids] where ids were missing),
          raw ids as raw little-endian float32 rows with `Quotient-Shape`.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Version"
          - name: feature
            in: query
            description: The feature of raw ids; only for `application/octet-stream`.
            schema:
              type: string
              pattern: "^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$"
          - name: dtype
            in: query
            description: The element type of raw ids; only for `application/octet-stream`.
            schema:
              type: string
              enum: [I32, I64]
          - $ref: "#/components/parameters/Missing"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        requestBody:
          required: true
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/LookupRequest"
              examples:
                ids:
                  summary: A vector per id
                  value:
                    features:
                      C3: [17, 42]
                bags:
                  summary: A pooled vector per bag
                  value:
                    features:
                      C3: [17, 42]
                      C7: [[1, 2, 3], [], [0]]
                    pooling: sum
                    weights:
                      C7: [[0.5, 1, 1], [], [2]]
                    missing: zero
                    encoding: json
            application/vnd.safetensors:
              schema:
                type: string
                format: binary
                description: |
                  Tensor `C7` I64 or I32 [ids]; for bags `C7.lengths` I32 or I64 [bags]; `C7.weights`
                  F32 [ids]. `pooling` and `missing` in `__metadata__`.
            application/octet-stream:
              schema:
                type: string
                format: binary
                description: Little-endian ids of one feature; needs the query `feature` and `dtype`.
        responses:
          "200":
            description: The vectors, in the request's order.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Quotient-Shape:
                $ref: "#/components/headers/Shape"
              Quotient-Missing-Count:
                $ref: "#/components/headers/MissingCount"
              Server-Timing:
                $ref: "#/components/headers/ServerTiming"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/LookupAnswer"
                example:
                  model: demo
                  version: "1"
                  vectors:
                    C3: [[0.1, -0.2], [0.3, 0.4]]
              application/vnd.safetensors:
                schema:
                  type: string
                  format: binary
              application/octet-stream:
                schema:
                  type: string
                  format: binary
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "415":
            $ref: "#/components/responses/UnsupportedMediaType"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "422":
            $ref: "#/components/responses/Unprocessable"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}:score:
      post:
        operationId: score
        tags: [scores]
        summary: Click-through rates of candidates with a shared context
        description: |
          Each of the model's features stands exactly once: in `context` (one value, shared by all
          candidates and computed once) or in `candidates` (a column; all columns have one length).
          `dense` and `sparse` stand for all dense and all categorical features in the model's order. A
          feature that the checkpoint gives a default may be left out. Without `candidates` there is one
          score. A model without a network has no scores (400).
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        requestBody:
          required: true
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/ScoreRequest"
              examples:
                context:
                  summary: Three candidates for one user
                  value:
                    context:
                      I1: 1.5
                      C1: 12
                      C9: [3, 4]
                    candidates:
                      I2: [0, 2.5, 1]
                      C3: [17, 42, 8]
                      C7: [[1, 2], [], [5]]
                    top_k: 2
                rows:
                  summary: All features by position
                  value:
                    candidates:
                      dense: [[1, 0, 2.5], [0, 3, 1]]
                      sparse: [[12, 17], [5, 42]]
        responses:
          "200":
            description: |
              The scores in the candidates' order; with `top_k` the best first, and their positions.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Server-Timing:
                $ref: "#/components/headers/ServerTiming"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/ScoreAnswer"
                example:
                  model: demo
                  version: "1"
                  scores: [0.0312, 0.87]
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "415":
            $ref: "#/components/responses/UnsupportedMediaType"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "422":
            $ref: "#/components/responses/Unprocessable"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}/versions/{version}:score:
      post:
        operationId: scoreOfVersion
        tags: [scores]
        summary: Click-through rates of candidates with a shared context, of one version
        description: |
          Each of the model's features stands exactly once: in `context` (one value, shared by all
          candidates and computed once) or in `candidates` (a column; all columns have one length).
          `dense` and `sparse` stand for all dense and all categorical features in the model's order. A
          feature that the checkpoint gives a default may be left out. Without `candidates` there is one
          score. A model without a network has no scores (400).
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Version"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        requestBody:
          required: true
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/ScoreRequest"
              examples:
                context:
                  summary: Three candidates for one user
                  value:
                    context:
                      I1: 1.5
                      C1: 12
                      C9: [3, 4]
                    candidates:
                      I2: [0, 2.5, 1]
                      C3: [17, 42, 8]
                      C7: [[1, 2], [], [5]]
                    top_k: 2
                rows:
                  summary: All features by position
                  value:
                    candidates:
                      dense: [[1, 0, 2.5], [0, 3, 1]]
                      sparse: [[12, 17], [5, 42]]
        responses:
          "200":
            description: |
              The scores in the candidates' order; with `top_k` the best first, and their positions.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Server-Timing:
                $ref: "#/components/headers/ServerTiming"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/ScoreAnswer"
                example:
                  model: demo
                  version: "1"
                  scores: [0.0312, 0.87]
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "415":
            $ref: "#/components/responses/UnsupportedMediaType"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "422":
            $ref: "#/components/responses/Unprocessable"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}:predict:
      post:
        operationId: predict
        tags: [scores]
        summary: Scores in TensorFlow Serving's and KServe's shapes
        description: |
          Rows in `instances`, or one column per feature in `inputs`. Each of the model's features stands
          once in a row or as a column, unless the checkpoint gives it a default. Values are numbers for
          dense features (null: missing), ids, keys or lists of ids for categorical ones.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        requestBody:
          required: true
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/PredictRequest"
              examples:
                rows:
                  summary: A row per candidate
                  value:
                    instances:
                      - I1: 1.5
                        C1: 12
                        C9: [3, 4]
                columns:
                  summary: A column per feature
                  value:
                    inputs:
                      I1: [1.5, 0]
                      C1: [12, 5]
                      C9: [[3, 4], []]
        responses:
          "200":
            description: A score per row, in the request's order.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Server-Timing:
                $ref: "#/components/headers/ServerTiming"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/PredictAnswer"
                example:
                  predictions: [0.0312, 0.87]
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "415":
            $ref: "#/components/responses/UnsupportedMediaType"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "422":
            $ref: "#/components/responses/Unprocessable"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v1/models/{model}/versions/{version}:predict:
      post:
        operationId: predictWithVersion
        tags: [scores]
        summary: Scores in TensorFlow Serving's and KServe's shapes, of one version
        description: |
          Rows in `instances`, or one column per feature in `inputs`. Each of the model's features stands
          once in a row or as a column, unless the checkpoint gives it a default. Values are numbers for
          dense features (null: missing), ids, keys or lists of ids for categorical ones.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Version"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        requestBody:
          required: true
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/PredictRequest"
              examples:
                rows:
                  summary: A row per candidate
                  value:
                    instances:
                      - I1: 1.5
                        C1: 12
                        C9: [3, 4]
                columns:
                  summary: A column per feature
                  value:
                    inputs:
                      I1: [1.5, 0]
                      C1: [12, 5]
                      C9: [[3, 4], []]
        responses:
          "200":
            description: A score per row, in the request's order.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Server-Timing:
                $ref: "#/components/headers/ServerTiming"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/PredictAnswer"
                example:
                  predictions: [0.0312, 0.87]
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "415":
            $ref: "#/components/responses/UnsupportedMediaType"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "422":
            $ref: "#/components/responses/Unprocessable"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2:
      get:
        operationId: getServerMetadata
        tags: [inference]
        summary: Which server this is, and what of the protocol it speaks
        parameters:
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: Name, version, extensions.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/ServerMetadata"
                example:
                  name: quotient
                  version: 1.0.0
                  extensions: [binary_tensor_data, model_configuration, model_repository, parameters, statistics]
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/health/live:
      get:
        operationId: getServerLive
        tags: [inference]
        summary: Does the server answer?
        parameters:
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: It does.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/Liveness"
          "400":
            $ref: "#/components/responses/BadRequest"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/health/ready:
      get:
        operationId: getServerReady
        tags: [inference]
        summary: Should requests be sent here?
        description: |
          As `/readyz`.
        parameters:
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: Every configured model has a ready version.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/ServerReadiness"
          "503":
            description: A model has no ready version, or the server is going down.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Retry-After:
                $ref: "#/components/headers/RetryAfter"
            content:
              application/json:
                schema:
                  anyOf:
                    - $ref: "#/components/schemas/ServerReadiness"
                    - $ref: "#/components/schemas/Error"
          "400":
            $ref: "#/components/responses/BadRequest"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/models/stats:
      get:
        operationId: getInferenceStatistics
        tags: [inference]
        summary: Statistics of all models
        parameters:
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: Of every ready version.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/InferenceStatistics"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/models/{model}:
      get:
        operationId: getInferenceMetadata
        tags: [inference]
        summary: Inputs and outputs of a model
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: Names, types and shapes; -1 is any size.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/InferenceMetadata"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/models/{model}/versions/{version}:
      get:
        operationId: getInferenceMetadataOfVersion
        tags: [inference]
        summary: Inputs and outputs of a model, of one version
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Version"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: Names, types and shapes; -1 is any size.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/InferenceMetadata"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/models/{model}/ready:
      get:
        operationId: getModelReady
        tags: [inference]
        summary: Does a model answer?
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: It does.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/ModelReadiness"
          "503":
            description: It has no ready version.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Retry-After:
                $ref: "#/components/headers/RetryAfter"
            content:
              application/json:
                schema:
                  anyOf:
                    - $ref: "#/components/schemas/ModelReadiness"
                    - $ref: "#/components/schemas/Error"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/models/{model}/versions/{version}/ready:
      get:
        operationId: getModelReadyOfVersion
        tags: [inference]
        summary: Does a model answer?, of one version
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Version"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: It does.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/ModelReadiness"
          "503":
            description: It has no ready version.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Retry-After:
                $ref: "#/components/headers/RetryAfter"
            content:
              application/json:
                schema:
                  anyOf:
                    - $ref: "#/components/schemas/ModelReadiness"
                    - $ref: "#/components/schemas/Error"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/models/{model}/config:
      get:
        operationId: getInferenceConfiguration
        tags: [inference]
        summary: A model's configuration as Triton tells it
        description: |
          `max_batch_size` is 0: shapes say all of their dimensions.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: The configuration.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/InferenceConfiguration"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/models/{model}/versions/{version}/config:
      get:
        operationId: getInferenceConfigurationOfVersion
        tags: [inference]
        summary: A model's configuration as Triton tells it, of one version
        description: |
          `max_batch_size` is 0: shapes say all of their dimensions.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Version"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: The configuration.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/InferenceConfiguration"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/models/{model}/stats:
      get:
        operationId: getModelInferenceStatistics
        tags: [inference]
        summary: Statistics of a model
        description: |
          Of infer requests alone; `/v1/stats` and `/metrics` have all.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: Of its ready versions.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/InferenceStatistics"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/models/{model}/versions/{version}/stats:
      get:
        operationId: getModelInferenceStatisticsOfVersion
        tags: [inference]
        summary: Statistics of a model, of one version
        description: |
          Of infer requests alone; `/v1/stats` and `/metrics` have all.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Version"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        responses:
          "200":
            description: Of its ready versions.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/InferenceStatistics"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/models/{model}/infer:
      post:
        operationId: infer
        tags: [inference]
        summary: Scores and vectors as tensors
        description: |
          Inputs: `dense` [rows, dense features] in the model's order, or dense features by name [rows]; ids
          of each categorical feature by name: [rows], or [rows, length] for bags of one length, or all bags
          in one list with `<feature>.lengths` [rows]; `<feature>.weights` in the ids' shape. Any integer
          type goes for ids, BYTES where keys are hashed or looked up, any number type for dense values,
          where `null` means missing. An input whose `parameters.context` is true has one row, which all
          candidates share.
          
          Outputs: `score` and `logit` [rows]; `<feature>.vectors` [rows, width]; `<feature>.missing` in the
          ids' shape. Only the inputs are needed that these outputs depend on. With `top_k` the scores are
          the best ones, and `indices` says whose they are. No `outputs`: `score`, of models without a
          network the vectors of every feature given.
          
          Binary tensors (extension_binary_data.md) go both ways: `Inference-Header-Content-Length` is the
          length of the JSON, little-endian data follows. What is not finite is `null` in JSON answers; the
          tokens `NaN` and `Infinity` are read, and refused as dense values.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/InferenceHeaderLength"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        requestBody:
          required: true
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/InferRequest"
              examples:
                vectors:
                  summary: Vectors of two ids and of two bags
                  value:
                    id: "7"
                    inputs:
                      - name: C3
                        shape: [2]
                        datatype: INT64
                        data: [17, 42]
                      - name: C5
                        shape: [3]
                        datatype: INT64
                        data: [1, 2, 3]
                      - name: C5.lengths
                        shape: [2]
                        datatype: INT32
                        data: [3, 0]
                    outputs:
                      - name: C3.vectors
                      - name: C5.vectors
                      - name: C3.missing
                    parameters:
                      missing: zero
            application/octet-stream:
              schema:
                type: string
                format: binary
                description: The JSON, and behind it the binary tensors.
        responses:
          "200":
            description: The outputs, in the request's order.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Inference-Header-Content-Length:
                $ref: "#/components/headers/InferenceHeaderLength"
              Server-Timing:
                $ref: "#/components/headers/ServerTiming"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/InferAnswer"
              application/octet-stream:
                schema:
                  type: string
                  format: binary
                  description: The JSON, blanks, and behind them the binary tensors.
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "415":
            $ref: "#/components/responses/UnsupportedMediaType"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "422":
            $ref: "#/components/responses/Unprocessable"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/models/{model}/versions/{version}/infer:
      post:
        operationId: inferOfVersion
        tags: [inference]
        summary: Scores and vectors as tensors, of one version
        description: |
          Inputs: `dense` [rows, dense features] in the model's order, or dense features by name [rows]; ids
          of each categorical feature by name: [rows], or [rows, length] for bags of one length, or all bags
          in one list with `<feature>.lengths` [rows]; `<feature>.weights` in the ids' shape. Any integer
          type goes for ids, BYTES where keys are hashed or looked up, any number type for dense values,
          where `null` means missing. An input whose `parameters.context` is true has one row, which all
          candidates share.
          
          Outputs: `score` and `logit` [rows]; `<feature>.vectors` [rows, width]; `<feature>.missing` in the
          ids' shape. Only the inputs are needed that these outputs depend on. With `top_k` the scores are
          the best ones, and `indices` says whose they are. No `outputs`: `score`, of models without a
          network the vectors of every feature given.
          
          Binary tensors (extension_binary_data.md) go both ways: `Inference-Header-Content-Length` is the
          length of the JSON, little-endian data follows. What is not finite is `null` in JSON answers; the
          tokens `NaN` and `Infinity` are read, and refused as dense values.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/Version"
          - $ref: "#/components/parameters/InferenceHeaderLength"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        requestBody:
          required: true
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/InferRequest"
              examples:
                vectors:
                  summary: Vectors of two ids and of two bags
                  value:
                    id: "7"
                    inputs:
                      - name: C3
                        shape: [2]
                        datatype: INT64
                        data: [17, 42]
                      - name: C5
                        shape: [3]
                        datatype: INT64
                        data: [1, 2, 3]
                      - name: C5.lengths
                        shape: [2]
                        datatype: INT32
                        data: [3, 0]
                    outputs:
                      - name: C3.vectors
                      - name: C5.vectors
                      - name: C3.missing
                    parameters:
                      missing: zero
            application/octet-stream:
              schema:
                type: string
                format: binary
                description: The JSON, and behind it the binary tensors.
        responses:
          "200":
            description: The outputs, in the request's order.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
              Inference-Header-Content-Length:
                $ref: "#/components/headers/InferenceHeaderLength"
              Server-Timing:
                $ref: "#/components/headers/ServerTiming"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/InferAnswer"
              application/octet-stream:
                schema:
                  type: string
                  format: binary
                  description: The JSON, blanks, and behind them the binary tensors.
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "415":
            $ref: "#/components/responses/UnsupportedMediaType"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "422":
            $ref: "#/components/responses/Unprocessable"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/repository/index:
      post:
        operationId: getRepositoryIndex
        tags: [inference]
        summary: All models and versions with their states
        parameters:
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        requestBody:
          required: false
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/RepositoryIndexRequest"
        responses:
          "200":
            description: Every version; of a model without versions the name alone.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
            content:
              application/json:
                schema:
                  $ref: "#/components/schemas/RepositoryIndex"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "415":
            $ref: "#/components/responses/UnsupportedMediaType"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/repository/models/{model}/load:
      post:
        operationId: loadModel
        tags: [inference]
        summary: Load a model
        description: |
          Loads the versions that the model's policy selects, also if it was unloaded or refused
          before. 200 once the newest answers, 400 with the reason if it cannot. Needs the scope
          `admin`, or the server's own host, or the address of `--admin-listen`.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        requestBody:
          required: false
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/RepositoryControlRequest"
        responses:
          "200":
            description: Done; the body is empty.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "415":
            $ref: "#/components/responses/UnsupportedMediaType"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
    /v2/repository/models/{model}/unload:
      post:
        operationId: unloadModel
        tags: [inference]
        summary: Unload a model
        description: |
          Unloads all versions, until the model is loaded again; requests that began with them are
          answered. Needs the scope `admin`, or the server's own host, or the address of
          `--admin-listen`.
        parameters:
          - $ref: "#/components/parameters/Model"
          - $ref: "#/components/parameters/RequestID"
          - $ref: "#/components/parameters/TraceParent"
          - $ref: "#/components/parameters/RequestTimeout"
        requestBody:
          required: false
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/RepositoryControlRequest"
        responses:
          "200":
            description: Done; the body is empty.
            headers:
              X-Request-ID:
                $ref: "#/components/headers/RequestID"
          "400":
            $ref: "#/components/responses/BadRequest"
          "401":
            $ref: "#/components/responses/Unauthorized"
          "403":
            $ref: "#/components/responses/Forbidden"
          "404":
            $ref: "#/components/responses/NotFound"
          "405":
            $ref: "#/components/responses/MethodNotAllowed"
          "406":
            $ref: "#/components/responses/NotAcceptable"
          "408":
            $ref: "#/components/responses/RequestTimeout"
          "413":
            $ref: "#/components/responses/TooLarge"
          "414":
            $ref: "#/components/responses/TargetTooLong"
          "415":
            $ref: "#/components/responses/UnsupportedMediaType"
          "417":
            $ref: "#/components/responses/ExpectationFailed"
          "429":
            $ref: "#/components/responses/Overloaded"
          "431":
            $ref: "#/components/responses/HeadTooLarge"
          "500":
            $ref: "#/components/responses/Internal"
          "501":
            $ref: "#/components/responses/NotImplemented"
          "503":
            $ref: "#/components/responses/Unavailable"
          "504":
            $ref: "#/components/responses/DeadlineExceeded"
          "505":
            $ref: "#/components/responses/VersionNotSupported"
  components:
    parameters:
      Model:
        name: model
        in: path
        required: true
        description: A model's name.
        schema:
          $ref: "#/components/schemas/Name"
        example: demo
      Version:
        name: version
        in: path
        required: true
        description: A version; without it the newest ready one answers.
        schema:
          type: integer
          format: int64
          minimum: 1
        example: 1
      InferenceHeaderLength:
        name: Inference-Header-Content-Length
        in: header
        description: Bytes of the JSON in front of binary tensors; without it all of the body is JSON.
        schema:
          type: string
          pattern: "^[0-9]{1,18}$"
        example: "212"
      Feature:
        name: feature
        in: path
        required: true
        description: A feature's name.
        schema:
          $ref: "#/components/schemas/Name"
        example: C3
      Missing:
        name: missing
        in: query
        description: What an id outside of the feature's range gets; by default the checkpoint's.
        schema:
          $ref: "#/components/schemas/MissingPolicy"
      Encoding:
        name: encoding
        in: query
        description: How vectors are written.
        schema:
          $ref: "#/components/schemas/Encoding"
      RequestID:
        name: X-Request-ID
        in: header
        description: Echoed if it is 1 to 128 visible ASCII characters; else one is made.
        schema:
          type: string
      TraceParent:
        name: traceparent
        in: header
        description: W3C trace context; its trace id goes into the access log.
        schema:
          type: string
      RequestTimeout:
        name: Request-Timeout-Ms
        in: header
        description: How long the client waits, in milliseconds; afterwards the answer is 504.
        schema:
          type: string
          pattern: "^[1-9][0-9]{0,7}$"
        example: "250"
      IfNoneMatch:
        name: If-None-Match
        in: header
        description: Entity tags of answers that the client has.
        schema:
          type: string
    headers:
      InferenceHeaderLength:
        description: Bytes of the JSON, blanks behind it included; only with binary tensors.
        schema:
          type: integer
          minimum: 1
      RequestID:
        description: The request's id, or one made for it.
        required: true
        schema:
          type: string
          minLength: 1
          maxLength: 128
      ServerTiming:
        description: "Milliseconds of each stage: parse, queue, gather, compute, serialise."
        schema:
          type: string
      RetryAfter:
        description: Seconds after which another attempt makes sense.
        schema:
          type: integer
      Allow:
        description: The methods that go here.
        required: true
        schema:
          type: string
      ETag:
        description: Changes with the version and the request.
        required: true
        schema:
          type: string
      CacheControl:
        description: "`no-cache` where the newest version answers, an hour where the path names one."
        required: true
        schema:
          type: string
      Vary:
        description: The request's fields that the answer depends on.
        required: true
        schema:
          type: string
      Shape:
        description: "Of raw rows: vectors and width, such as `100,16`."
        schema:
          type: string
      MissingCount:
        description: "Of raw rows: how many ids the missing policy filled; left out if none."
        schema:
          type: integer
    responses:
      BadRequest:
        description: |
          Not well-formed: syntax, wrong type, unknown member, damaged compression
          (`invalid_json`, `invalid_request`, `invalid_encoding`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      Unauthorized:
        description: |
          The server wants a token, and this is none that it knows (`unauthorized`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
          WWW-Authenticate:
            description: "`Bearer` (RFC 6750)."
            schema:
              type: string
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      Forbidden:
        description: |
          The token, or the address that the request came by, may not do this (`forbidden`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      Overloaded:
        description: |
          As many requests wait as may, or as many bytes (`overloaded`); try again.
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
          Retry-After:
            $ref: "#/components/headers/RetryAfter"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      NotFound:
        description: |
          No such route, model, version or feature (`not_found`, `unknown_model`,
          `unknown_feature`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      MethodNotAllowed:
        description: |
          The method does not go here (`method_not_allowed`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
          Allow:
            $ref: "#/components/headers/Allow"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      NotAcceptable:
        description: |
          `Accept` excludes every format of this answer (`not_acceptable`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      RequestTimeout:
        description: |
          The request did not arrive in time (`request_timeout`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      TooLarge:
        description: |
          The body, the ids or the answer exceed a limit that the message names (`too_large`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      TargetTooLong:
        description: |
          The request line is too long (`too_large`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      UnsupportedMediaType:
        description: |
          The body's type or coding is not read (`unsupported_media_type`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      ExpectationFailed:
        description: |
          `Expect` asks for something unknown (`expectation_failed`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      Unprocessable:
        description: |
          Well-formed, but does not fit the model (`unknown_feature`, `category_out_of_range`,
          `shape_mismatch`, `invalid_value`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      HeadTooLarge:
        description: |
          The header section is too large (`too_large`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      Internal:
        description: |
          The server failed (`internal`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      NotImplemented:
        description: |
          A method or transfer coding that is not known (`not_implemented`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      Unavailable:
        description: |
          No ready version, or too many connections (`not_ready`, `overloaded`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
          Retry-After:
            $ref: "#/components/headers/RetryAfter"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      DeadlineExceeded:
        description: |
          The time that the client gave is over (`deadline_exceeded`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
      VersionNotSupported:
        description: |
          An HTTP version other than 1.0 and 1.1 (`version_not_supported`).
        headers:
          X-Request-ID:
            $ref: "#/components/headers/RequestID"
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/Error"
    schemas:
      Name:
        type: string
        pattern: "^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$"
      ID:
        type: integer
        format: int64
        minimum: -9223372036854775808
        maximum: 9223372036854775807
        description: A category. Features with hashed or vocabulary input also take strings.
      MissingPolicy:
        type: string
        enum: [error, zero, default]
        description: |
          `error`: 422 that names feature, position, id and cardinality; `zero`: zeros; `default`: the
          feature's default category.
      Encoding:
        type: string
        enum: [json, base64]
        description: Numbers, or base64 of little-endian float32.
      ServerMetadata:
        type: object
        required: [name, version, extensions]
        additionalProperties: false
        properties:
          name:
            type: string
          version:
            type: string
          extensions:
            type: array
            items:
              type: string
      ServerReadiness:
        type: object
        required: [ready, live]
        additionalProperties: false
        properties:
          ready:
            type: boolean
          live:
            type: boolean
      ModelReadiness:
        type: object
        required: [name, ready]
        additionalProperties: false
        properties:
          name:
            type: string
          ready:
            type: boolean
      Datatype:
        type: string
        enum: [BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, BF16, FP32, FP64, BYTES]
      TensorMetadata:
        type: object
        required: [name, datatype, shape]
        additionalProperties: false
        properties:
          name:
            type: string
          datatype:
            $ref: "#/components/schemas/Datatype"
          shape:
            type: array
            items:
              type: integer
              minimum: -1
      InferenceMetadata:
        type: object
        required: [name, versions, platform, inputs, outputs]
        additionalProperties: false
        properties:
          name:
            type: string
          versions:
            type: array
            items:
              type: string
          platform:
            type: string
          inputs:
            type: array
            items:
              $ref: "#/components/schemas/TensorMetadata"
          outputs:
            type: array
            items:
              $ref: "#/components/schemas/TensorMetadata"
      InferenceConfiguration:
        type: object
        required: [name, platform, backend, max_batch_size, input, output]
        additionalProperties: true
        properties:
          name:
            type: string
          platform:
            type: string
          backend:
            type: string
          max_batch_size:
            type: integer
          input:
            type: array
            items:
              $ref: "#/components/schemas/TensorConfiguration"
          output:
            type: array
            items:
              $ref: "#/components/schemas/TensorConfiguration"
      TensorConfiguration:
        type: object
        required: [name, data_type, dims]
        additionalProperties: true
        properties:
          name:
            type: string
          data_type:
            type: string
            pattern: "^TYPE_"
          dims:
            type: array
            items:
              type: integer
          optional:
            type: boolean
            description: False for what all outputs together need.
      InferenceStatistics:
        type: object
        required: [model_stats]
        additionalProperties: false
        properties:
          model_stats:
            type: array
            items:
              $ref: "#/components/schemas/ModelInferenceStatistics"
      ModelInferenceStatistics:
        type: object
        required: [name, version, last_inference, inference_count, execution_count, inference_stats, batch_stats]
        additionalProperties: true
        properties:
          name:
            type: string
          version:
            type: string
          last_inference:
            type: integer
            description: Milliseconds since 1970; 0 before the first request.
          inference_count:
            type: integer
          execution_count:
            type: integer
          inference_stats:
            type: object
            required: [success, fail, queue, compute_input, compute_infer, compute_output, cache_hit, cache_miss]
            additionalProperties:
              $ref: "#/components/schemas/StatisticDuration"
          batch_stats:
            type: array
            items:
              type: object
      StatisticDuration:
        type: object
        required: [count, ns]
        additionalProperties: false
        properties:
          count:
            type: integer
          ns:
            type: integer
      InferParameters:
        type: object
        description: Parameters that are not listed here are left alone.
        properties:
          missing:
            $ref: "#/components/schemas/MissingPolicy"
          missing_policy:
            $ref: "#/components/schemas/MissingPolicy"
          pooling:
            type: string
            enum: [sum, mean]
          top_k:
            type: integer
            minimum: 1
            maximum: 9223372036854775807
          binary_data_output:
            type: boolean
            description: Answer in binary what `outputs` does not say otherwise of.
          timeout:
            type: integer
            minimum: 0
            maximum: 9223372036854775807
            description: Microseconds after which nobody waits for the answer; 0 is for ever.
        not:
          required: [missing, missing_policy]
        additionalProperties:
          $ref: "#/components/schemas/ParameterValue"
      ParameterValue:
        type: [string, number, boolean]
      InferRequest:
        type: object
        required: [inputs]
        additionalProperties: false
        properties:
          id:
            type: string
            description: Comes back with the answer.
          model_name:
            type: string
            description: Left alone; the path names the model.
          model_version:
            type: string
            description: Left alone; the path names the version.
          parameters:
            $ref: "#/components/schemas/InferParameters"
          inputs:
            type: array
            items:
              $ref: "#/components/schemas/InferInput"
          outputs:
            type: array
            items:
              $ref: "#/components/schemas/InferOutput"
      InferInput:
        type: object
        required: [name, shape, datatype, data]
        additionalProperties: false
        description: |
          In front of binary tensors an input has `parameters.binary_data_size` instead of `data`.
        properties:
          name:
            type: string
          shape:
            type: array
            items:
              type: integer
              minimum: 0
              maximum: 9223372036854775807
          datatype:
            $ref: "#/components/schemas/Datatype"
          parameters:
            type: object
            properties:
              context:
                type: boolean
                description: The one row holds for all candidates.
            propertyNames:
              not:
                enum: [binary_data_size, shared_memory_region]
            additionalProperties:
              $ref: "#/components/schemas/ParameterValue"
          data:
            type: array
            description: Flat or nested; the number of elements is what counts.
        anyOf:
          - properties:
              datatype:
                enum: [UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64]
              data:
                $ref: "#/components/schemas/InferIntegers"
          - properties:
              datatype:
                enum: [FP16, BF16, FP32, FP64]
              data:
                $ref: "#/components/schemas/InferNumbers"
          - properties:
              datatype:
                enum: [BOOL]
              data:
                $ref: "#/components/schemas/InferBooleans"
          - properties:
              datatype:
                enum: [BYTES]
              data:
                $ref: "#/components/schemas/InferStrings"
      InferIntegers:
        anyOf:
          - type: array
            items:
              type: integer
          - type: array
            items:
              type: array
              items:
                type: integer
      InferNumbers:
        anyOf:
          - type: array
            items:
              type: [number, "null"]
          - type: array
            items:
              type: array
              items:
                type: [number, "null"]
      InferBooleans:
        anyOf:
          - type: array
            items:
              type: boolean
          - type: array
            items:
              type: array
              items:
                type: boolean
      InferStrings:
        anyOf:
          - type: array
            items:
              type: string
          - type: array
            items:
              type: array
              items:
                type: string
      InferOutput:
        type: object
        required: [name]
        additionalProperties: false
        properties:
          name:
            type: string
          parameters:
            type: object
            properties:
              binary_data:
                type: boolean
                description: Answer this output in binary, or not.
            propertyNames:
              not:
                enum: [classification, shared_memory_region]
            additionalProperties:
              $ref: "#/components/schemas/ParameterValue"
      InferAnswer:
        type: object
        required: [model_name, model_version, outputs]
        additionalProperties: false
        properties:
          id:
            type: string
          model_name:
            type: string
          model_version:
            type: string
          outputs:
            type: array
            items:
              type: object
              required: [name, datatype, shape]
              additionalProperties: false
              properties:
                name:
                  type: string
                datatype:
                  $ref: "#/components/schemas/Datatype"
                shape:
                  type: array
                  items:
                    type: integer
                    minimum: 0
                parameters:
                  type: object
                  additionalProperties: false
                  properties:
                    binary_data_size:
                      type: integer
                      minimum: 0
                data:
                  type: array
                  items:
                    type: [number, boolean, "null"]
      RepositoryIndexRequest:
        type: object
        additionalProperties: false
        properties:
          ready:
            type: boolean
            description: Only versions that answer.
      RepositoryIndex:
        type: array
        items:
          type: object
          required: [name]
          additionalProperties: false
          properties:
            name:
              type: string
            version:
              type: string
            state:
              type: string
              enum: [READY, UNAVAILABLE, LOADING, UNLOADING]
            reason:
              type: string
      RepositoryControlRequest:
        type: object
        additionalProperties: false
        properties:
          parameters:
            type: object
            additionalProperties:
              $ref: "#/components/schemas/ParameterValue"
      LookupRequest:
        type: object
        required: [features]
        additionalProperties: false
        properties:
          features:
            type: object
            description: Per feature a list of ids, or a list of bags of ids.
            propertyNames:
              $ref: "#/components/schemas/Name"
            additionalProperties:
              anyOf:
                - type: array
                  items:
                    $ref: "#/components/schemas/ID"
                - type: array
                  items:
                    type: array
                    items:
                      $ref: "#/components/schemas/ID"
          pooling:
            type: string
            enum: [sum, mean]
            description: How bags are pooled; by default the checkpoint's.
          weights:
            type: object
            description: A weight per id, in the ids' shape; `sum` only.
            propertyNames:
              $ref: "#/components/schemas/Name"
            additionalProperties:
              anyOf:
                - type: array
                  items:
                    $ref: "#/components/schemas/Weight"
                - type: array
                  items:
                    type: array
                    items:
                      $ref: "#/components/schemas/Weight"
          missing:
            $ref: "#/components/schemas/MissingPolicy"
          encoding:
            $ref: "#/components/schemas/Encoding"
      Weight:
        type: number
        minimum: -3.4028234e+38
        maximum: 3.4028234e+38
      LookupAnswer:
        type: object
        required: [model, version, vectors]
        additionalProperties: false
        properties:
          model:
            type: string
          version:
            type: string
          vectors:
            type: object
            description: Per feature one vector per id or bag.
            additionalProperties:
              anyOf:
                - type: array
                  items:
                    type: array
                    items:
                      type: [number, "null"]
                - $ref: "#/components/schemas/EncodedTensor"
          missing:
            type: object
            description: |
              Positions that the missing policy filled: `position`, or `[bag, position]` for bags. Left
              out if there are none.
            additionalProperties:
              type: array
              items:
                anyOf:
                  - type: integer
                  - type: array
                    items:
                      type: integer
                    minItems: 2
                    maxItems: 2
      ScoreRequest:
        type: object
        additionalProperties: false
        properties:
          context:
            type: object
            description: |
              Per feature one value: a number or null (missing) for a dense feature; an id, a key, or
              a list of ids (a bag) for a categorical one. `dense` and `sparse` are lists.
            additionalProperties: true
          candidates:
            type: object
            description: |
              Per feature a column: numbers for a dense feature; ids or bags for a categorical one.
              `dense` and `sparse` are lists of rows.
            additionalProperties:
              type: array
          weights:
            type: object
            description: Per categorical feature a weight per id, in the ids' shape; pooling `sum`.
            additionalProperties:
              type: array
          pooling:
            type: string
            enum: [sum, mean]
          missing:
            type: string
            enum: [error, zero, default]
          output:
            type: string
            description: Scores, or logits before the sigmoid.
            enum: [score, logit]
          top_k:
            type: integer
            minimum: 1
            maximum: 9223372036854775807
      PredictRequest:
        type: object
        additionalProperties: false
        description: Rows (`instances`) or columns (`inputs`), one of the two.
        oneOf:
          - required: [instances]
          - required: [inputs]
        properties:
          signature_name:
            type: string
          instances:
            type: array
            items:
              type: object
          inputs:
            type: object
            additionalProperties:
              type: array
      PredictAnswer:
        type: object
        additionalProperties: false
        properties:
          predictions:
            type: array
            description: The answer to `instances`.
            items:
              type: [number, "null"]
          outputs:
            type: array
            description: The answer to `inputs`.
            items:
              type: [number, "null"]
      ScoreAnswer:
        type: object
        required: [model, version, scores]
        additionalProperties: false
        properties:
          model:
            type: string
          version:
            type: string
          scores:
            type: array
            items:
              type: [number, "null"]
          indices:
            type: array
            description: With `top_k`, the candidates that the scores belong to, best first.
            items:
              type: integer
      EncodedTensor:
        type: object
        required: [dtype, shape, data]
        additionalProperties: false
        properties:
          dtype:
            type: string
            const: F32
          shape:
            type: array
            items:
              type: integer
            minItems: 2
            maxItems: 2
          data:
            type: string
            contentEncoding: base64
      Explanation:
        type: object
        required: [model, version, feature, id, composition, partitions, vector]
        properties:
          model:
            type: string
          version:
            type: string
          feature:
            type: string
          id:
            type: integer
            format: int64
          composition:
            type: string
            enum: [single, multiply, add, concatenate, path, separate]
          projection:
            type: string
            description: The tensor that maps the composed row to the vector, if there is one.
          category_weight:
            type: [number, "null"]
            description: The category's learned weight in a bag, if the feature has weights.
          partitions:
            type: array
            items:
              type: object
              required: [kind, bucket, table]
              properties:
                kind:
                  type: string
                  enum: [identity, quotient, remainder, mixed_radix, explicit]
                divisor:
                  type: integer
                modulus:
                  type: integer
                buckets:
                  type: string
                table:
                  type: string
                bucket:
                  type: integer
                  description: Also the row of the table, or the MLP of a path.
                hidden:
                  type: integer
                  description: Hidden units of a path's MLP, which has no row.
                row:
                  type: array
                  items:
                    type: [number, "null"]
          vector:
            type: array
            items:
              type: [number, "null"]
      Liveness:
        type: object
        required: [live]
        properties:
          live:
            type: boolean
      Readiness:
        type: object
        required: [ready, models]
        properties:
          ready:
            type: boolean
          draining:
            type: boolean
          models:
            type: object
            additionalProperties:
              type: boolean
      ModelList:
        type: object
        required: [models]
        properties:
          models:
            type: array
            items:
              type: string
      ModelStatus:
        type: object
        required: [name, ready, model_version_status, quotient]
        properties:
          name:
            type: string
          ready:
            type: boolean
          model_version_status:
            type: array
            items:
              type: object
              required: [version, state, status]
              properties:
                version:
                  type: string
                state:
                  type: string
                  enum: [LOADING, AVAILABLE, END]
                status:
                  type: object
                  required: [error_code, error_message]
                  properties:
                    error_code:
                      type: string
                    error_message:
                      type: string
          quotient:
            type: object
            properties:
              current_version:
                type: string
              versions:
                type: object
                additionalProperties:
                  $ref: "#/components/schemas/Memory"
      Memory:
        type: object
        required: [mapped_bytes, resident_bytes, load_seconds]
        properties:
          mapped_bytes:
            type: integer
          resident_bytes:
            type: integer
          load_seconds:
            type: number
      TensorDescription:
        type: object
        required: [name, datatype, shape]
        properties:
          name:
            type: string
          datatype:
            $ref: "#/components/schemas/Datatype"
          shape:
            type: array
            items:
              type: integer
      ModelMetadata:
        type: object
        required: [name, versions, platform, inputs, outputs, model_spec, metadata, quotient]
        properties:
          name:
            type: string
          versions:
            type: array
            items:
              type: string
          platform:
            type: string
            enum: [quotient_dlrm, quotient_dcn, quotient_embeddings]
          inputs:
            type: array
            items:
              $ref: "#/components/schemas/TensorDescription"
          outputs:
            type: array
            items:
              $ref: "#/components/schemas/TensorDescription"
          model_spec:
            type: object
            required: [name, signature_name, version]
            properties:
              name:
                type: string
              signature_name:
                type: string
              version:
                type: string
          metadata:
            type: object
            required: [signature_def]
            properties:
              signature_def:
                type: object
          quotient:
            type: object
            required:
              - architecture
              - dense_features
              - features
              - embedding_bytes
              - full_table_bytes
              - mapped_bytes
              - resident_bytes
              - load_seconds
              - metadata
            properties:
              architecture:
                type: string
                enum: [dlrm, dcn, embeddings]
              dense_features:
                type: array
                items:
                  type: string
              features:
                type: array
                items:
                  $ref: "#/components/schemas/FeatureDescription"
              embedding_bytes:
                type: integer
                description: Bytes of all tables.
              full_table_bytes:
                type: integer
                description: Bytes that float32 tables with one row per category would take.
              precision:
                type: string
                enum: [f32, bf16, int8]
                description: How the dense layers compute, as `--precision` asked for.
              dense_kernels:
                type: string
                description: What computes them, for example `avx512`, `f16_avx512`, `int8_avx512`.
              mapped_bytes:
                type: integer
              resident_bytes:
                type: integer
              load_seconds:
                type: number
              metadata:
                type: object
                description: Remarks of whoever wrote the checkpoint.
                additionalProperties:
                  type: string
      FeatureDescription:
        type: object
        required: [name, cardinality, dimension, vector_width, composition, partitions, bytes]
        properties:
          name:
            type: string
          cardinality:
            type: integer
          dimension:
            type: integer
          vector_width:
            type: integer
          composition:
            type: string
          pooling:
            type: string
          bag_order:
            type: string
          quotient_arithmetic:
            type: string
          missing:
            type: string
          default_category:
            type: integer
          partitions:
            type: array
            items:
              type: object
              required: [kind, table]
              properties:
                kind:
                  type: string
                divisor:
                  type: integer
                modulus:
                  type: integer
                buckets:
                  type: string
                table:
                  type: string
                element_type:
                  type: string
                hidden:
                  type: integer
          bytes:
            type: integer
          full_table_bytes:
            type: integer
      Quantiles:
        type: object
        description: Seconds; null while nothing was measured.
        required: [p50, p90, p99, p99.9, max, mean]
        properties:
          p50:
            type: [number, "null"]
          p90:
            type: [number, "null"]
          p99:
            type: [number, "null"]
          p99.9:
            type: [number, "null"]
          max:
            type: [number, "null"]
          mean:
            type: [number, "null"]
      Statistics:
        type: object
        required: [version, uptime_seconds, requests_in_flight, endpoints]
        properties:
          version:
            type: string
          uptime_seconds:
            type: number
          requests_in_flight:
            type: integer
          endpoints:
            type: object
            description: By the route's template; `other` is whatever has no route.
            additionalProperties:
              type: object
              required: [count, errors, seconds]
              properties:
                count:
                  type: integer
                errors:
                  type: integer
                seconds:
                  $ref: "#/components/schemas/Quantiles"
                stages:
                  type: object
                  additionalProperties:
                    $ref: "#/components/schemas/Quantiles"
      ErrorCode:
        type: string
        enum:
          - invalid_json
          - invalid_request
          - invalid_encoding
          - unauthorized
          - forbidden
          - unknown_model
          - not_found
          - method_not_allowed
          - not_acceptable
          - request_timeout
          - too_large
          - unsupported_media_type
          - expectation_failed
          - unknown_feature
          - missing_feature
          - duplicate_feature
          - category_out_of_range
          - shape_mismatch
          - invalid_value
          - internal
          - not_implemented
          - overloaded
          - not_ready
          - deadline_exceeded
          - version_not_supported
      Error:
        type: object
        required: [error, code, request_id]
        additionalProperties: false
        properties:
          error:
            type: string
            description: One sentence that says what was wrong, where, and what to do.
          code:
            $ref: "#/components/schemas/ErrorCode"
          field:
            type: string
            description: Where in the request, such as `features.C3[1]`.
          request_id:
            type: string

  """#
