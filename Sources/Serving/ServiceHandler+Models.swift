import HTTPCore
import Ranking
import SystemIO

// Which model version answers a request, and whether it still can.

extension ServiceHandler {
  /// The models as of now.
  var catalog: ModelCatalog { snapshot.withLock { $0 } }

  /// Remembers which version answers the current request, so that its damage is noticed.
  func serving(_ model: ServingModel) -> ServingModel {
    served = model
    return model
  }

  /// The model that a route names, remembered until the request is answered.
  func model(
    of route: Route, _ router: borrowing Router
  ) throws(ServiceError) -> ServingModel {
    serving(try find(route, router))
  }

  private func find(
    _ route: Route, _ router: borrowing Router
  ) throws(ServiceError) -> ServingModel {
    let name = router.text(route.model)
    guard let version = route.version else {
      if let model = snapshot.withLock({ $0.current(named: name) }) { return model }
      return try self.catalog.model(named: name)
    }
    let text = router.text(version)
    return route.isLabel
      ? try catalog.model(named: name, label: text)
      : try catalog.model(named: name, version: text)
  }

  /// The version of a model that a message names; empty: the newest ready one.
  func model(
    named name: Span<UInt8>, version: Span<UInt8>
  ) throws(ServiceError) -> ServingModel {
    let catalog = self.catalog
    if version.isEmpty { return serving(try catalog.model(named: name)) }
    return serving(try catalog.model(named: name, version: version))
  }

  /// The feature that a path names.
  static func feature(
    _ name: Span<UInt8>, of model: ServingModel
  ) throws(ServiceError) -> Int {
    guard let feature = model.featureIndex(of: name, expected: 0) else {
      throw .unknownFeature(name, model, inPath: true)
    }
    return feature
  }

  /// 503 if the version that answers was found damaged, before or by this request: what was
  /// gathered may be zeros instead of rows.
  var damage: ServiceError? {
    guard MappingDamage.count > 0, let served else { return nil }
    return damage(of: served)
  }

  private func damage(of model: ServingModel) -> ServiceError? {
    guard MappingDamage.count > 0, model.model.isDamaged else { return nil }
    service.reportDamage(model)
    return ServiceError(
      .notReady, field: "version",
      "version \(model.version) of model '\(model.name)' cannot be served: "
        + ServingModel.damageReason)
  }

  /// A lookup, whose version need not be remembered: it is never deferred.
  func lookUpChecked(
    _ request: borrowing RequestView, _ route: Route, _ router: borrowing Router,
    _ exchange: inout Exchange, _ workspace: inout LookupWorkspace,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    let model = try find(route, router)
    do throws(ServiceError) {
      try lookUp(request, model, &exchange, &workspace, into: &response)
    } catch {
      throw damage(of: model) ?? error
    }
    if let damage = damage(of: model) { throw damage }
  }
}
