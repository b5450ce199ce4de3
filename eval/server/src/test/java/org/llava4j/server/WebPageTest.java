package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.testing.Browser;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;

/** The web page in Chromium: {@code mvn -Pbrowser -pl eval -am test}, with chromium and chromedriver installed. */
@Tag("browser")
class WebPageTest {
    @TempDir
    private Path temp;

    private ChromeDriver browser;
    private TestServer server;

    @BeforeEach
    void open() {
        browser = Browser.open(temp.resolve("profile"));
    }

    @AfterEach
    void close() {
        try {
            if (server != null) {
                assertThat(Browser.foreignRequests(browser))
                        .as("requests to other servers")
                        .isEmpty();
            }
        } finally {
            browser.quit();
            if (server != null) {
                server.close();
            }
        }
    }

    private void openPage(TestServer with) {
        server = with;
        browser.get(server.uri("/").toString());
        waitUntil(() -> find("#model").getText().contains("million parameters"));
    }

    private WebElement find(String css) {
        return browser.findElement(By.cssSelector(css));
    }

    private static void waitUntil(BooleanSupplier holds) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!holds.getAsBoolean() && System.nanoTime() < deadline) {
            try {
                Thread.sleep(50);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        assertThat(holds.getAsBoolean()).isTrue();
    }

    private String answer(int number) {
        List<WebElement> answers = browser.findElements(By.cssSelector("#messages li.assistant:not(.running)"));
        return answers.size() < number
                ? ""
                : answers.get(number - 1).getText().lines().findFirst().orElse("");
    }

    private void assertConsoleIsEmpty() {
        assertThat(Browser.console(browser)).isEmpty();
    }

    /** Types a question, which may have several lines, and sends it. */
    private void ask(String question) {
        find("#question").sendKeys(question.replace("\n", Keys.chord(Keys.SHIFT, Keys.ENTER)), Keys.ENTER);
    }

    @Test
    void pageAnswersQuestionAboutChosenImage() throws IOException {
        openPage(TestServer.trained(TestServer.OPTIONS));
        find("#file").sendKeys(TestServer.MAP.toAbsolutePath().toString());
        waitUntil(() -> find("#image").isDisplayed());
        ask(TestServer.MAP_QUESTION);
        waitUntil(() -> answer(1).equals(TestServer.MAP_ANSWER));
        assertThat(find("#messages li.user img").getAttribute("src")).startsWith("data:image/png");
        assertThat(find("#messages li.assistant small").getText()).contains("tokens in");
        ask("Is it?");
        waitUntil(() -> !answer(2).isEmpty());
        assertConsoleIsEmpty();
        find("#input details:last-of-type summary").click();
        Browser.saveScreenshot(browser, "page.png");
    }

    @Test
    void exampleButtonAsksExampleQuestion() {
        openPage(TestServer.trained(TestServer.OPTIONS));
        find("#example").click();
        waitUntil(() -> find("#question").getAttribute("value").equals(TestServer.MAP_QUESTION));
        find("#send").click();
        waitUntil(() -> answer(1).equals(TestServer.MAP_ANSWER));
        find("#new-conversation").click();
        assertThat(browser.findElements(By.cssSelector("#messages li.assistant")))
                .isEmpty();
        assertConsoleIsEmpty();
    }

    @Test
    void imageCanBeDroppedAndPasted() {
        openPage(TestServer.trained(TestServer.OPTIONS));
        String transfer = "const done = arguments[arguments.length - 1];"
                + "fetch('/example.png').then(r => r.blob()).then(blob => {"
                + "  const data = new DataTransfer();"
                + "  data.items.add(new File([blob], 'map.png', {type: 'image/png'}));"
                + "  document.dispatchEvent(%s);"
                + "  done();"
                + "})";
        for (String event : List.of(
                "new DragEvent('drop', {dataTransfer: data, cancelable: true, bubbles: true})",
                "new ClipboardEvent('paste', {clipboardData: data, cancelable: true, bubbles: true})")) {
            browser.executeAsyncScript(String.format(transfer, event));
            waitUntil(() -> find("#image").isDisplayed());
            find("#remove").click();
            assertThat(find("#image").isDisplayed()).isFalse();
        }
        assertConsoleIsEmpty();
    }

    @Test
    void pageShowsErrorAndKeepsInput() {
        openPage(TestServer.trained(TestServer.options().apiKey("secret").build()));
        find("#example").click();
        waitUntil(() -> !find("#question").getAttribute("value").isEmpty());
        find("#send").click();
        waitUntil(() ->
                !browser.findElements(By.cssSelector("#messages li.error")).isEmpty());
        assertThat(find("#messages li.error").getText()).contains("this server requires an API key");
        assertThat(find("#question").getAttribute("value"))
                .as("the question is kept")
                .isEqualTo(TestServer.MAP_QUESTION);
        assertThat(find("#image").isDisplayed()).isTrue();
        find("#input details summary").click();
        find("#key").sendKeys("secret");
        find("#send").click();
        waitUntil(() -> answer(1).equals(TestServer.MAP_ANSWER));
    }

    @Test
    void escapeStopsGeneration() throws IOException {
        openPage(TestServer.endless(
                temp.resolve("model"), TestServer.options().maxNewTokens(30_000).build()));
        find("#input details summary").click();
        find("#max-tokens").clear();
        find("#max-tokens").sendKeys("30000");
        ask("Go on");
        waitUntil(() -> browser.findElements(By.cssSelector("#messages li.assistant.running")).stream()
                .anyMatch(turn -> turn.getText().length() > 20));
        assertThat(find("#stop").isDisplayed()).isTrue();
        find("#question").sendKeys(Keys.ESCAPE);
        waitUntil(() -> !find("#stop").isDisplayed());
        assertThat(answer(1)).isNotEmpty();
        waitUntil(() -> server.metric("llava4j_answers_in_progress") == 0);
    }

    @Test
    void pageFitsNarrowScreen() throws IOException {
        openPage(TestServer.trained(TestServer.OPTIONS));
        browser.manage().window().setSize(new Dimension(500, 900));
        find("#example").click();
        waitUntil(() -> !find("#question").getAttribute("value").isEmpty());
        find("#send").click();
        waitUntil(() -> answer(1).equals(TestServer.MAP_ANSWER));
        assertThat((Boolean) browser.executeScript("return document.documentElement.scrollWidth <= window.innerWidth"))
                .as("no horizontal overflow")
                .isTrue();
        Browser.saveScreenshot(browser, "page-phone.png");
    }
}
