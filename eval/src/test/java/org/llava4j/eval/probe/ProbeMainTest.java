package org.llava4j.eval.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.cli.CommandFailedException;
import org.llava4j.data.scienceqa.AnswerCounts;

class ProbeMainTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));

    @TempDir
    private Path temp;

    @Test
    void onlyBothRightIsAPair() {
        ProbeScore score = ProbeScore.ZERO
                .plus("Yes, there is.", "No.")
                .plus("yes", "Yes")
                .plus("No", "no")
                .plus("YES!", "Nothing of it")
                .plus("", "no");
        assertThat(score.pairs()).isEqualTo(new AnswerCounts(1, 2, 2));
        assertThat(score.present()).isEqualTo(new AnswerCounts(3, 1, 1));
        assertThat(score.absent()).isEqualTo(new AnswerCounts(3, 1, 1));
    }

    private void probe(String... args) {
        String[] all = new String[args.length + 4];
        System.arraycopy(args, 0, all, 4, args.length);
        all[0] = "--model-path";
        all[1] = ROOT.resolve("resources/tiny/llava").toString();
        all[2] = "--output-dir";
        all[3] = temp.resolve("out").toString();
        ProbeMain.main(all);
    }

    @Test
    void drawnPairsAreAskedAndCounted() throws IOException {
        probe("--draw", "12");
        JsonNode report =
                new ObjectMapper().readTree(temp.resolve("out/report.json").toFile());
        JsonNode pairs = report.at("/counts/pairs");
        // The tiny model was never taught to say yes or no: what it says is not read, and not guessed.
        assertThat(pairs.get("correct").intValue()
                        + pairs.get("wrong").intValue()
                        + pairs.get("failed").intValue())
                .isEqualTo(12);
        assertThat(ProbePair.read(temp.resolve("out/pairs.jsonl"))).hasSize(12).allSatisfy(pair -> {
            assertThat(pair.together()).isNotEqualTo(pair.apart());
            assertThat(temp.resolve("out/images").resolve(pair.image())).isNotEmptyFile();
        });
        byte[] before = Files.readAllBytes(temp.resolve("out/pairs.jsonl"));
        probe("--draw", "12");
        assertThat(temp.resolve("out/pairs.jsonl")).hasBinaryContent(before);
    }

    @Test
    void whatDoesNotFitIsNamed() throws IOException {
        Path pairs = temp.resolve("pairs.jsonl");
        Files.writeString(pairs, "{\"id\":\"1\",\"image\":\"x.png\",\"together\":\"a?\"}\n");
        assertThatThrownBy(() -> probe(
                        "--pairs",
                        pairs.toString(),
                        "--image-folder",
                        temp.resolve("images").toString()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("line 1: \"apart\" must be a text");
        assertThatThrownBy(() -> probe("--pairs", pairs.toString()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("belong together");
        Files.writeString(pairs, "");
        assertThatThrownBy(() -> probe(
                        "--pairs",
                        pairs.toString(),
                        "--image-folder",
                        temp.resolve("images").toString()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("has no pairs");
    }
}
