// HTTP/2 as Java's own HttpClient speaks it: the upgrade by default, then streams side by side.
// Run by check_http2.py, if there is a JDK: java CheckHTTP2.java URL

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

public class CheckHTTP2 {
    private static int passed = 0;
    private static int failed = 0;

    private static void check(String name, boolean holds, Object found) {
        if (holds) {
            passed += 1;
        } else {
            failed += 1;
            System.out.println("FAIL Java: " + name + ": " + found);
        }
    }

    private static String lookup(int count) {
        StringBuilder ids = new StringBuilder();
        for (int i = 0; i < count; i += 1) {
            ids.append(i == 0 ? "" : ",").append(i % 1000);
        }
        return "{\"features\":{\"C3\":[" + ids + "]}}";
    }

    private static HttpRequest post(String url, String body) {
        return HttpRequest.newBuilder(URI.create(url + "/v1/models/demo:lookup"))
            .POST(BodyPublishers.ofString(body)).build();
    }

    public static void main(String[] arguments) throws Exception {
        String url = arguments[0];
        HttpClient old = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();

        HttpResponse<String> first = client.send(post(url, lookup(3)), BodyHandlers.ofString());
        check("an upgrade that carries a body", first.statusCode() == 200, first);
        check("the upgrade is followed", first.version() == HttpClient.Version.HTTP_2, first.version());
        HttpResponse<String> plain = old.send(post(url, lookup(3)), BodyHandlers.ofString());
        check("the same answer by both protocols", plain.body().equals(first.body()), first.body());

        HttpRequest missing = HttpRequest.newBuilder(URI.create(url + "/nowhere")).build();
        HttpResponse<String> error = client.send(missing, BodyHandlers.ofString());
        check("an error", error.statusCode() == 404 && error.body().contains("not_found"), error.body());

        String large = old.send(post(url, lookup(100_000)), BodyHandlers.ofString()).body();
        String found = client.send(post(url, lookup(100_000)), BodyHandlers.ofString()).body();
        check("100,000 ids", found.equals(large), found.length() + " and " + large.length());

        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 100; i += 1) {
            answers.add(client.sendAsync(post(url, lookup(1 + i)), BodyHandlers.ofString()));
        }
        for (int i = 0; i < answers.size(); i += 1) {
            HttpResponse<String> answer = answers.get(i).get();
            String expected = old.send(post(url, lookup(1 + i)), BodyHandlers.ofString()).body();
            check("stream " + i, answer.body().equals(expected), answer.body());
        }
        System.out.println(passed + " passed, " + failed + " failed");
        System.exit(failed == 0 ? 0 : 1);
    }
}
