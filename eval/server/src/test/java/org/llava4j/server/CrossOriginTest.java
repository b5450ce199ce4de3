package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.Browser;
import org.openqa.selenium.chrome.ChromeDriver;

/** {@code OPTIONS}, and calls of web pages of other origins. */
class CrossOriginTest {
    private static final String PAGE = "https://example.com:8443";
    private static final String KEY = "secret";
    private static final String CHAT = "/v1/chat/completions";
    private static final String ALLOWED_ORIGIN = "Access-Control-Allow-Origin";

    private TestServer server;

    @AfterEach
    void close() {
        server.close();
    }

    private void start(List<String> origins) {
        server = TestServer.trained(
                TestServer.options().corsOrigins(origins).apiKey(KEY).build());
    }

    private HttpResponse<String> options(String path, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(server.uri(path)).method("OPTIONS", BodyPublishers.noBody());
        return server.send(headers.length == 0 ? request : request.headers(headers));
    }

    /** The request that a browser sends before a call with an API key. */
    private HttpResponse<String> preflight(String origin) {
        return options(
                CHAT,
                "Origin",
                origin,
                "Access-Control-Request-Method",
                "POST",
                "Access-Control-Request-Headers",
                "authorization,content-type,x-stainless-os");
    }

    private HttpResponse<String> ask(String origin, String key) {
        return server.send(HttpRequest.newBuilder(server.uri(CHAT))
                .headers("Origin", origin, "Authorization", "Bearer " + key, "Content-Type", "application/json")
                .POST(BodyPublishers.ofString(TestServer.mapRequest().toString())));
    }

    private static String header(HttpResponse<String> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    @Test
    void optionsNamesMethodsOfPathWithoutKey() {
        start(List.of());
        HttpResponse<String> chat = options(CHAT);
        assertThat(chat.statusCode()).isEqualTo(204);
        assertThat(chat.body()).isEmpty();
        assertThat(header(chat, "Allow")).isEqualTo("POST, OPTIONS");
        for (String path : List.of("/v1/models", "/v1/models/any", "/health", "/")) {
            assertThat(header(options(path), "Allow")).as(path).isEqualTo("GET, HEAD, OPTIONS");
        }
        assertThat(options("/v1/nothing").statusCode()).isEqualTo(404);
    }

    @Test
    void noOriginIsAllowedByDefault() {
        start(List.of());
        assertThat(header(preflight(PAGE), ALLOWED_ORIGIN)).isEmpty();
        assertThat(header(ask(PAGE, KEY), ALLOWED_ORIGIN)).isEmpty();
    }

    @Test
    void listedOriginMayAskWithItsKey() {
        start(List.of("http://localhost:3000", PAGE));
        HttpResponse<String> preflight = preflight(PAGE);
        assertThat(preflight.statusCode()).isBetween(200, 204);
        assertThat(header(preflight, ALLOWED_ORIGIN)).isEqualTo(PAGE);
        assertThat(header(preflight, "Access-Control-Allow-Methods")).contains("POST");
        assertThat(header(preflight, "Access-Control-Allow-Headers").split(", *"))
                .as("browsers do not count Authorization to *")
                .containsExactlyInAnyOrder("Authorization", "*");
        HttpResponse<String> answer = ask(PAGE, KEY);
        assertThat(TestServer.answer(answer)).isEqualTo(TestServer.MAP_ANSWER);
        assertThat(header(answer, ALLOWED_ORIGIN)).isEqualTo(PAGE);
        assertThat(header(answer, "Vary")).contains("Origin");
        HttpResponse<String> rejected = ask(PAGE, "wrong");
        assertThat(rejected.statusCode()).isEqualTo(401);
        assertThat(header(rejected, ALLOWED_ORIGIN))
                .as("the page can read the error")
                .isEqualTo(PAGE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://example.com",
                "http://example.com:8443",
                "https://example.com:84430",
                "https://sub.example.com:8443",
                "https://exampleXcom:8443",
                "null"
            })
    void otherOriginIsNotAllowed(String origin) {
        start(List.of(PAGE));
        assertThat(header(preflight(origin), ALLOWED_ORIGIN)).isEmpty();
        assertThat(header(ask(origin, KEY), ALLOWED_ORIGIN)).isEmpty();
    }

    @Test
    void starAllowsEveryOrigin() {
        start(List.of("*"));
        for (String origin : List.of(PAGE, "null")) {
            assertThat(header(preflight(origin), ALLOWED_ORIGIN)).isIn(origin, "*");
            assertThat(header(ask(origin, KEY), ALLOWED_ORIGIN)).isIn(origin, "*");
        }
    }

    @Test
    void invalidOriginIsRejectedByName() {
        start(List.of());
        for (String origin : List.of(
                "",
                "example.com",
                "https://example.com/",
                "https://example.com/page",
                "https://Example.com",
                "https://example.com:443",
                "http://example.com:80",
                "https://user@example.com",
                "https://*.example.com",
                "https://",
                "null",
                "https://a b")) {
            assertThatThrownBy(() -> TestServer.options().corsOrigins(List.of(origin)))
                    .as(origin)
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("the CORS origin '" + origin + "'")
                    .hasMessageContaining("https://example.com");
        }
    }

    @Test
    @Tag("browser")
    void pageOfListedOriginReadsAnswerInBrowser(@TempDir Path temp) {
        try (TestServer page = TestServer.trained(TestServer.OPTIONS);
                TestServer stranger = TestServer.trained(TestServer.OPTIONS)) {
            start(List.of("http://127.0.0.1:" + page.port()));
            ChromeDriver browser = Browser.open(temp.resolve("profile"));
            try {
                // The document of a page without a content security policy.
                browser.get(page.uri("/health").toString());
                assertThat(askFromPage(browser)).isEqualTo(TestServer.MAP_ANSWER);
                browser.get(stranger.uri("/health").toString());
                assertThat(askFromPage(browser)).isEqualTo("TypeError");
            } finally {
                browser.quit();
            }
        }
    }

    /** Text of the answer, or the name of the error. */
    private Object askFromPage(ChromeDriver browser) {
        return browser.executeAsyncScript(
                "const done = arguments[arguments.length - 1];"
                        + "fetch(arguments[0], {method: 'POST', body: arguments[1],"
                        + "  headers: {'Content-Type': 'application/json', 'Authorization': 'Bearer ' + arguments[2]}})"
                        + ".then(response => response.json())"
                        + ".then(body => done(body.choices[0].message.content), error => done(error.name))",
                server.uri(CHAT).toString(),
                TestServer.mapRequest().toString(),
                KEY);
    }
}
