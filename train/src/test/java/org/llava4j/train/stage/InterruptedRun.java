package org.llava4j.train.stage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.llava4j.train.Golden;
import org.llava4j.train.TinyFolders;
import org.llava4j.train.stage.Saving.Resume;
import org.llava4j.train.watch.Progress;
import org.llava4j.train.watch.RunListener;

/** A small run whose files are all copies, so that tests can change them while it is interrupted. */
final class InterruptedRun implements RunListener {
    final Path model;
    final Path tower;
    final Path images;
    final Path data;
    final Path template;
    final Path output;
    final Path checkpoints;
    final List<String> notices = new ArrayList<>();
    Stage stage;
    RunOptions options = RunOptions.DEFAULT;
    Runnable afterFirstStep = () -> {};
    private int stopAfter;
    private int last;

    InterruptedRun(Path temp) throws IOException {
        model = TinyFolders.llama(temp.resolve("model"));
        tower = copy(TinyFolders.TOWER, temp.resolve("tower"));
        images = copy(TinyFolders.PICTURES, temp.resolve("images"));
        data = Files.copy(Golden.path("f_e2e/finetune.json"), temp.resolve("data.json"));
        template = Files.writeString(temp.resolve("template.json"), """
                {"name": "own", "system": "Be brief.", "prompt": {"afterSystem": " ", "beforeQuestion": "Q: ",
                "afterQuestion": " ", "answerCue": "A:", "beforeAnswer": " ", "answerEnd": "</s>", "afterAnswer": ""}}
                """);
        output = temp.resolve("out");
        checkpoints = temp.resolve("checkpoints");
        stage = Stages.with(
                Stages.named(Stages.FINETUNE),
                Map.of(
                        "freshProjector",
                        true,
                        "batchSize",
                        2,
                        "accumulation",
                        1,
                        "maxSteps",
                        4,
                        "learningRate",
                        1e-3,
                        "maxLength",
                        256));
    }

    private static Path copy(Path from, Path to) {
        try (Stream<Path> files = Files.list(from)) {
            Files.createDirectories(to);
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
            return to;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    RunPaths paths() {
        return RunPaths.of(model, data, images, output).withVisionTower(tower);
    }

    Saving saving(Resume resume) {
        return new Saving(checkpoints, 2, 3, resume);
    }

    RunReport run(Resume resume) {
        return run(saving(resume));
    }

    RunReport run(Saving saving) {
        return run(paths(), saving);
    }

    RunReport run(RunPaths paths, Saving saving) {
        notices.clear();
        last = 0;
        return StageRunner.run(stage, paths, options.withSaving(saving), this);
    }

    /** Stops after a step, whose checkpoint is then the newest. */
    void interrupt(int step) {
        interrupt(step, saving(Resume.AUTO));
    }

    void interrupt(int step, Saving saving) {
        stopAfter = step;
        try {
            run(saving);
            throw new AssertionError("the run was not stopped");
        } catch (RunStoppedException e) {
            stopAfter = 0;
        }
    }

    @Override
    public void step(Progress progress) {
        last = progress.step().step();
        if (last == 1) {
            afterFirstStep.run();
        }
    }

    @Override
    public boolean stops() {
        return stopAfter > 0 && last == stopAfter;
    }

    @Override
    public void notice(String line) {
        notices.add(line);
    }
}
