package org.llava4j.eval.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.scienceqa.ScienceQaMain;
import org.llava4j.testing.Browser;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;

/** The report of an evaluation, rendered in Chromium. */
@Tag("browser")
class ReportPageTest {
    @TempDir
    private Path temp;

    @Test
    void reportShowsAllChartsWithoutExternalRequests() throws Exception {
        Path dataset = temp.resolve("dataset");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 0, 0, 4, 0, false), dataset);
        Path model = Files.createDirectories(temp.resolve("model"));
        Path tiny = Path.of(System.getProperty("llava4j.root"), "resources/tiny");
        for (String file : List.of("model.safetensors", "tokenizer.model")) {
            Files.copy(tiny.resolve("llava").resolve(file), model.resolve(file));
        }
        String tower = tiny.resolve("base/vision_tower").toAbsolutePath().toString();
        Files.writeString(
                model.resolve("config.json"),
                Files.readString(tiny.resolve("llava/config.json")).replace("../base/vision_tower", tower));
        // The metrics file of a training stage.
        Files.writeString(
                model.resolve("metrics.jsonl"),
                "{\"step\":1,\"loss\":3.5}\n{\"step\":2,\"loss\":1.25}\n{\"step\":3,\"loss\":0.75}\n");
        ScienceQaMain.main(new String[] {
            "--model-path",
            model.toString(),
            "--data-path",
            dataset.toString(),
            "--prompt-format",
            "A",
            "--max-new-tokens",
            "16",
            "--output-dir",
            temp.resolve("out").toString()
        });
        ChromeDriver browser = Browser.open(temp.resolve("profile"));
        try {
            browser.get(temp.resolve("out/report.html").toUri().toString());
            assertThat(Browser.console(browser)).isEmpty();
            assertThat((Long) browser.executeScript("return performance.getEntriesByType('resource')"
                            + ".filter(entry => !entry.name.startsWith('data:')).length"))
                    .isZero();
            List<WebElement> bars = browser.findElements(By.cssSelector("svg.bar"));
            assertThat(bars).hasSizeGreaterThan(10);
            assertThat(bars).allSatisfy(bar -> {
                assertThat(bar.getSize().width).isGreaterThan(40);
                assertThat(bar.findElements(By.cssSelector(".whisker"))).hasSize(1);
            });
            WebElement curve = browser.findElement(By.cssSelector(".loss svg .curve"));
            assertThat(curve.getAttribute("d") + curve.getAttribute("points")).contains(" ");
            assertThat(browser.findElement(By.cssSelector("h2")).getText())
                    .as("the accuracies are at the top")
                    .isEqualTo("Accuracy");
            assertThat(browser.findElements(By.cssSelector(".example img")))
                    .isNotEmpty()
                    .allSatisfy(image -> assertThat(
                                    (Boolean) browser.executeScript("return arguments[0].naturalWidth > 0", image))
                            .isTrue());
            assertThat((Boolean)
                            browser.executeScript("return document.documentElement.scrollWidth <= window.innerWidth"))
                    .isTrue();
            browser.manage().window().setSize(new Dimension(1280, 1250));
            Browser.saveScreenshot(browser, "report.png");
        } finally {
            browser.quit();
        }
    }
}
