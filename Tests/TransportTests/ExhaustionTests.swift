import Glibc
import SystemIO
import Testing
import Transport

@Suite struct ExhaustionTests {
  /// In a process of its own, whose descriptors can be counted and limited.
  @Test func `without descriptors clients wait, and are served when others have left`() async {
    await #expect(processExitsWith: .success) {
      let clientCount = 20
      let server = try TestServer()
      try server.connect().shutdownSending()
      try server.waitForConnections(0)
      // Each client takes two in this process; four are left for the server's side.
      let openCount = ProcessUsage.current().openDescriptorCount
      var limit = rlimit()
      limit.rlim_cur = rlim_t(openCount + 2 * clientCount + 4)
      limit.rlim_max = limit.rlim_cur
      // SAFETY: the kernel reads the limit during the call.
      let code = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      #expect(code == 0)
      let clients = try (0..<clientCount).map { _ in try server.connect() }
      for client in clients {
        try client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
      }
      for client in clients { #expect(try client.readAnswer().status == 200) }
      server.stop()
    }
  }
}
