package org.llava4j.eval.serve;

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
import org.llava4j.eval.Browser;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;

/** The page in a real Chromium: {@code mvn -Pbrowser -pl eval -am test}, with chromium and chromedriver installed. */
@Tag("browser")
class WebPageTest {
    @TempDir
    private Path temp;

    private ChromeDriver browser;
    private TestServer served;

    @BeforeEach
    void open() {
        browser = Browser.open(temp.resolve("profile"));
    }

    @AfterEach
    void close() {
        try {
            if (served != null) {
                assertThat(Browser.askedElsewhere(browser))
                        .as("nothing is asked of other servers")
                        .isEmpty();
            }
        } finally {
            browser.quit();
            if (served != null) {
                served.close();
            }
        }
    }

    private void visit(TestServer with) {
        served = with;
        browser.get(served.at("/").toString());
        until(() -> find("#model").getText().contains("million weights"));
    }

    private WebElement find(String css) {
        return browser.findElement(By.cssSelector(css));
    }

    private static void until(BooleanSupplier holds) {
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
        List<WebElement> answers = browser.findElements(By.cssSelector("#turns li.assistant:not(.running)"));
        return answers.size() < number
                ? ""
                : answers.get(number - 1).getText().lines().findFirst().orElse("");
    }

    private void assertConsoleIsEmpty() {
        assertThat(Browser.console(browser)).isEmpty();
    }

    /** Types a question of several lines and asks it. */
    private void ask(String question) {
        find("#question").sendKeys(question.replace("\n", Keys.chord(Keys.SHIFT, Keys.ENTER)), Keys.ENTER);
    }

    @Test
    void aChosenPictureIsAskedAboutAndTheAnswerComes() throws IOException {
        visit(TestServer.trained(TestServer.OPTIONS));
        find("#file").sendKeys(TestServer.MAP.toAbsolutePath().toString());
        until(() -> find("#picture").isDisplayed());
        ask(TestServer.MAP_QUESTION);
        until(() -> answer(1).equals(TestServer.MAP_ANSWER));
        assertThat(find("#turns li.user img").getAttribute("src")).startsWith("data:image/png");
        assertThat(find("#turns li.assistant small").getText()).contains("tokens in");
        ask("Is it?");
        until(() -> !answer(2).isEmpty());
        assertConsoleIsEmpty();
        find("#look details:last-of-type summary").click();
        Browser.keep(browser, "page.png");
    }

    @Test
    void theExampleCanBeTriedAtOnce() {
        visit(TestServer.trained(TestServer.OPTIONS));
        find("#example").click();
        until(() -> find("#question").getAttribute("value").equals(TestServer.MAP_QUESTION));
        find("#send").click();
        until(() -> answer(1).equals(TestServer.MAP_ANSWER));
        find("#anew").click();
        assertThat(browser.findElements(By.cssSelector("#turns li.assistant"))).isEmpty();
        assertConsoleIsEmpty();
    }

    @Test
    void aPictureIsDroppedOrPasted() {
        visit(TestServer.trained(TestServer.OPTIONS));
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
            until(() -> find("#picture").isDisplayed());
            find("#remove").click();
            assertThat(find("#picture").isDisplayed()).isFalse();
        }
        assertConsoleIsEmpty();
    }

    @Test
    void whatTheServerRefusesIsShownAndCanBeMended() {
        visit(TestServer.trained(TestServer.with(node -> node.put("apiKey", "secret"))));
        find("#example").click();
        until(() -> !find("#question").getAttribute("value").isEmpty());
        find("#send").click();
        until(() -> !browser.findElements(By.cssSelector("#turns li.wrong")).isEmpty());
        assertThat(find("#turns li.wrong").getText()).contains("this server wants its key");
        assertThat(find("#question").getAttribute("value"))
                .as("nothing is lost")
                .isEqualTo(TestServer.MAP_QUESTION);
        assertThat(find("#picture").isDisplayed()).isTrue();
        find("#look details summary").click();
        find("#key").sendKeys("secret");
        find("#send").click();
        until(() -> answer(1).equals(TestServer.MAP_ANSWER));
    }

    @Test
    void escapeStopsAnAnswer() throws IOException {
        visit(TestServer.endless(temp.resolve("model"), TestServer.OPTIONS));
        find("#look details summary").click();
        find("#max-tokens").clear();
        find("#max-tokens").sendKeys("4000");
        ask("Go on");
        until(() -> browser.findElements(By.cssSelector("#turns li.assistant.running")).stream()
                .anyMatch(turn -> turn.getText().length() > 20));
        assertThat(find("#stop").isDisplayed()).isTrue();
        find("#question").sendKeys(Keys.ESCAPE);
        until(() -> !find("#stop").isDisplayed());
        assertThat(answer(1)).isNotEmpty();
        until(() -> served.metric("llava4j_answers_in_progress") == 0);
    }

    @Test
    void aPhoneShowsAllOfIt() throws IOException {
        visit(TestServer.trained(TestServer.OPTIONS));
        browser.manage().window().setSize(new Dimension(500, 900));
        find("#example").click();
        until(() -> !find("#question").getAttribute("value").isEmpty());
        find("#send").click();
        until(() -> answer(1).equals(TestServer.MAP_ANSWER));
        assertThat((Boolean) browser.executeScript("return document.documentElement.scrollWidth <= window.innerWidth"))
                .as("nothing sticks out at the side")
                .isTrue();
        Browser.keep(browser, "page-phone.png");
    }
}
