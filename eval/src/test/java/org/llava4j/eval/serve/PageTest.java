package org.llava4j.eval.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** The page in a real Chromium: {@code mvn -Pbrowser -pl eval -am test}, with chromium and chromedriver installed. */
@Tag("browser")
class PageTest {
    private static final Path SCREENSHOTS = Path.of("target/screenshots");

    @TempDir
    private Path temp;

    /** It warns of every browser that is newer than itself; kept, since loggers are forgotten where nobody holds them. */
    private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

    private ChromeDriver browser;
    private Served served;

    @BeforeEach
    void open() {
        SELENIUM.setLevel(Level.SEVERE);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(System.getProperty("llava4j.chromium", "/usr/bin/chromium"));
        options.addArguments(
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--user-data-dir=" + temp.resolve("profile"),
                "--window-size=1280,800");
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        options.setCapability("goog:loggingPrefs", logs);
        ChromeDriverService driver = new ChromeDriverService.Builder()
                .usingDriverExecutable(new File(System.getProperty("llava4j.chromedriver", "/usr/bin/chromedriver")))
                .build();
        browser = new ChromeDriver(driver, options);
        browser.manage().timeouts().scriptTimeout(Duration.ofSeconds(30));
    }

    @AfterEach
    void close() {
        try {
            if (served != null) {
                Object elsewhere = browser.executeScript("return performance.getEntriesByType('resource')"
                        + ".map(entry => entry.name).filter(name => new URL(name).origin !== location.origin"
                        + " && !name.startsWith('data:') && !name.startsWith('blob:'))");
                assertThat((List<?>) elsewhere)
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

    private void visit(Served with) {
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
        assertThat(browser.manage().logs().get(LogType.BROWSER).getAll()).isEmpty();
    }

    private static void keep(ChromeDriver browser, String name) throws IOException {
        Files.createDirectories(SCREENSHOTS);
        Files.write(SCREENSHOTS.resolve(name), browser.getScreenshotAs(OutputType.BYTES));
    }

    /** Types a question of several lines and asks it. */
    private void ask(String question) {
        find("#question").sendKeys(question.replace("\n", Keys.chord(Keys.SHIFT, Keys.ENTER)), Keys.ENTER);
    }

    @Test
    void aChosenPictureIsAskedAboutAndTheAnswerComes() throws IOException {
        visit(Served.taught(Served.OPTIONS));
        find("#file").sendKeys(Served.MAP.toAbsolutePath().toString());
        until(() -> find("#picture").isDisplayed());
        ask(Served.MAP_QUESTION);
        until(() -> answer(1).equals(Served.MAP_ANSWER));
        assertThat(find("#turns li.user img").getAttribute("src")).startsWith("data:image/png");
        assertThat(find("#turns li.assistant small").getText()).contains("tokens in");
        ask("Is it?");
        until(() -> !answer(2).isEmpty());
        assertConsoleIsEmpty();
        find("#look details:last-of-type summary").click();
        keep(browser, "page.png");
    }

    @Test
    void theExampleCanBeTriedAtOnce() {
        visit(Served.taught(Served.OPTIONS));
        find("#example").click();
        until(() -> find("#question").getAttribute("value").equals(Served.MAP_QUESTION));
        find("#send").click();
        until(() -> answer(1).equals(Served.MAP_ANSWER));
        find("#anew").click();
        assertThat(browser.findElements(By.cssSelector("#turns li.assistant"))).isEmpty();
        assertConsoleIsEmpty();
    }

    @Test
    void aPictureIsDroppedOrPasted() {
        visit(Served.taught(Served.OPTIONS));
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
        visit(Served.taught(Served.with(node -> node.put("apiKey", "secret"))));
        find("#example").click();
        until(() -> !find("#question").getAttribute("value").isEmpty());
        find("#send").click();
        until(() -> !browser.findElements(By.cssSelector("#turns li.wrong")).isEmpty());
        assertThat(find("#turns li.wrong").getText()).contains("this server wants its key");
        assertThat(find("#question").getAttribute("value"))
                .as("nothing is lost")
                .isEqualTo(Served.MAP_QUESTION);
        assertThat(find("#picture").isDisplayed()).isTrue();
        find("#look details summary").click();
        find("#key").sendKeys("secret");
        find("#send").click();
        until(() -> answer(1).equals(Served.MAP_ANSWER));
    }

    @Test
    void escapeStopsAnAnswer() throws IOException {
        visit(Served.endless(temp.resolve("model"), Served.OPTIONS));
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
        visit(Served.taught(Served.OPTIONS));
        browser.manage().window().setSize(new Dimension(500, 900));
        find("#example").click();
        until(() -> !find("#question").getAttribute("value").isEmpty());
        find("#send").click();
        until(() -> answer(1).equals(Served.MAP_ANSWER));
        assertThat((Boolean) browser.executeScript("return document.documentElement.scrollWidth <= window.innerWidth"))
                .as("nothing sticks out at the side")
                .isTrue();
        keep(browser, "page-phone.png");
    }
}
