import Foundation
import Glibc
import Testing

/// A new process takes the place of the old one, and systemd's part in it.
@Suite struct ReplacementTests {
  @Test func `SIGUSR2 puts a new process in the old one's place, and no request fails`() throws {
    let folder = TemporaryFolder()
    try VersionedCheckpoint.write(folder.path("m"), version: 1)
    let server = try RunningServer(
      "--model", "m=\(folder.path("m"))", "--workers", "2", "--access-log", "off")
    // Each question over a connection of its own: none may be refused.
    var answers = 0
    func ask() throws -> Int {
      let answer = try server.send(
        "POST", "/v1/models/m:lookup", body: VersionedCheckpoint.question)
      #expect(VersionedCheckpoint.version(of: answer) == 1, "\(answer)")
      answers += 1
      return answer.status
    }
    #expect(try ask() == 200)
    server.program.signal(SIGUSR2)
    let end = Date().addingTimeInterval(60)
    while !server.log.contains("stopped"), Date() < end { #expect(try ask() == 200) }
    #expect(server.log.contains("the successor answers"), "\(server.log)")
    #expect(server.program.waitForEnd(limit: 20) == 0)
    let text = try #require(server.log.firstMatch(of: /pid=(\d+)/)?.1)
    let successor = try #require(Int32(text))
    defer { kill(successor, SIGKILL) }
    for _ in 0..<20 { #expect(try ask() == 200) }
    kill(successor, SIGTERM)
    // SAFETY: signal 0 only asks whether the process is there.
    while kill(successor, 0) == 0, Date() < end { usleep(2_000) }
    #expect(kill(successor, 0) != 0)
    print("\(answers) requests over a connection each while a process took another's place")
  }

  @Test func `a successor that cannot start changes nothing`() throws {
    let folder = TemporaryFolder()
    try VersionedCheckpoint.write(folder.path("m"), version: 1)
    let server = try RunningServer("--model", "m=\(folder.path("m"))")
    try FileManager.default.removeItem(atPath: folder.path("m/config.json"))
    server.program.signal(SIGUSR2)
    let end = Date().addingTimeInterval(30)
    while !server.log.contains("did not come up"), Date() < end { usleep(5_000) }
    #expect(server.log.contains("the successor did not come up"), "\(server.log)")
    #expect(try server.send("GET", "/livez").status == 200)
  }

  @Test func `systemd's sockets are served, and it is told when`() throws {
    let folder = TemporaryFolder()
    try VersionedCheckpoint.write(folder.path("m"), version: 1)
    let script = """
      import os, socket, subprocess, sys
      notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      notify.bind(sys.argv[3])
      notify.settimeout(30)
      main, admin = socket.socket(), socket.socket()
      for one in (main, admin):
          one.bind(("127.0.0.1", 0))
          one.listen()
      def start():
          os.dup2(os.dup(main.fileno()), 50); os.dup2(os.dup(admin.fileno()), 51)
          os.dup2(50, 3); os.dup2(51, 4)
          os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2",
                            LISTEN_FDNAMES="http:admin", NOTIFY_SOCKET=sys.argv[3])
      command = [sys.argv[1], "serve", "--workers", "2", "--model", "m=" + sys.argv[2]]
      child = subprocess.Popen(command, preexec_fn=start, close_fds=False,
                               stderr=subprocess.DEVNULL)
      told = notify.recv(1000).decode()
      import urllib.request
      urls = ["http://127.0.0.1:%d/livez" % one.getsockname()[1] for one in (main, admin)]
      answers = [urllib.request.urlopen(url).status for url in urls * 8]
      child.terminate()
      stopping = notify.recv(1000).decode()
      print(told.replace("\\n", " "), stopping, set(answers), child.wait())
      """
    let result = try runProgram(
      ["/usr/bin/python3", "-c", script, Programs.quotient, folder.path("m"), folder.path("n")],
      limit: 60)
    #expect(
      result.output.contains("READY=1 STOPPING=1 {200} 0"), "\(result.output) \(result.errors)")
    #expect(result.output.contains("MAINPID="))
  }
}
