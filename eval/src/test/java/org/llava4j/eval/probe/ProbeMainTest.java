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
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.scienceqa.AnswerCounts;

class ProbeMainTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));

    @TempDir
    private Path temp;

    @Test
    void pairIsCorrectOnlyIfBothAnswersAre() {
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
    void probeEvaluatesSyntheticPairsReproducibly() throws IOException {
        probe("--num-pairs", "12");
        JsonNode report =
                new ObjectMapper().readTree(temp.resolve("out/report.json").toFile());
        JsonNode pairs = report.at("/counts/pairs");
        // The tiny model is not trained on yes-no questions, so its answers may be unparsed.
        assertThat(pairs.get("correct").intValue()
                        + pairs.get("incorrect").intValue()
                        + pairs.get("unparsed").intValue())
                .isEqualTo(12);
        assertThat(report.at("/run_configuration/images sha256").textValue()).hasSize(64);
        assertThat(ProbePair.read(temp.resolve("out/pairs.jsonl"))).hasSize(12).allSatisfy(pair -> {
            assertThat(pair.present()).isNotEqualTo(pair.absent());
            assertThat(temp.resolve("out/images").resolve(pair.image())).isNotEmptyFile();
        });
        byte[] before = Files.readAllBytes(temp.resolve("out/pairs.jsonl"));
        probe("--num-pairs", "12");
        assertThat(temp.resolve("out/pairs.jsonl")).hasBinaryContent(before);
    }

    @Test
    void probeRejectsInvalidPairs() throws IOException {
        Path pairs = temp.resolve("pairs.jsonl");
        Files.writeString(pairs, "{\"id\":\"1\",\"image\":\"x.png\",\"present\":\"a?\"}\n");
        assertThatThrownBy(() -> probe(
                        "--pairs",
                        pairs.toString(),
                        "--image-folder",
                        temp.resolve("images").toString()))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("line 1: \"absent\" must be a string");
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

    @Test
    void readAcceptsFormerKeys() throws IOException {
        Path pairs = Files.writeString(
                temp.resolve("pairs.jsonl"),
                "{\"id\":\"1\",\"image\":\"x.png\",\"together\":\"a?\",\"apart\":\"b?\"}\n");
        assertThat(ProbePair.read(pairs)).containsExactly(new ProbePair("1", "x.png", "a?", "b?"));
    }
}
