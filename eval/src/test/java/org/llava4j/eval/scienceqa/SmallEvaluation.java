package org.llava4j.eval.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.data.BadInputException;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.AfterBatch;

/**
 * {@code scienceqa} on a small dataset in batches of two, for tests that change its inputs.
 *
 * @param folder has the dataset and the output
 */
record SmallEvaluation(Path folder) {
    /** Writes the dataset into an existing folder. */
    static SmallEvaluation in(Path folder) {
        SmallEvaluation evaluation = new SmallEvaluation(folder);
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 1, 0, 2, 0, false), evaluation.dataset());
        return evaluation;
    }

    Path dataset() {
        return folder.resolve("dataset");
    }

    Path output() {
        return folder.resolve("out");
    }

    Path journal() {
        return output().resolve("answers.partial.jsonl");
    }

    void run(RecordExecutor executor, Path model, String... more) {
        List<String> args = new ArrayList<>(List.of(
                "--model-path",
                model.toString(),
                "--data-path",
                dataset().toString(),
                "--output-dir",
                output().toString(),
                "--prompt-format",
                "A",
                "--batch-size",
                "2",
                "--max-new-tokens",
                "4"));
        args.addAll(List.of(more));
        new ScienceQaMain(executor).execute(args.toArray(String[]::new));
    }

    AbstractThrowableAssert<?, ? extends Throwable> assertRefused(RecordExecutor executor, Path model, String... more) {
        AbstractThrowableAssert<?, ? extends Throwable> refused = assertThatThrownBy(() -> run(executor, model, more))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageNotContaining("\n");
        assertThat(output().resolve("predictions.jsonl")).doesNotExist();
        assertThat(output().resolve("report.json")).doesNotExist();
        return refused;
    }

    /** Stops the run after its first batch. */
    void interrupt(Path model, String... more) {
        assertRefused(
                        new AfterBatch(1, () -> {
                            throw new BadInputException("interrupted");
                        }),
                        model,
                        more)
                .hasMessageContaining("interrupted");
        assertThat(journal()).exists();
    }
}
