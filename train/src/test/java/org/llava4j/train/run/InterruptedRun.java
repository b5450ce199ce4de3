package org.llava4j.train.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.plan.MachineMemory;
import org.llava4j.train.plan.MemoryPlan;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** A small run on copies of all files, so that tests can change them while it is interrupted. */
final class InterruptedRun implements TrainingListener {
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
    /** Runs after everything is hashed and before the model is loaded, if the run has the memory of a machine. */
    Runnable beforeLoad = () -> {};

    private int stopAfter;
    private int last;

    InterruptedRun(Path temp) throws IOException {
        model = ModelFolders.llama(temp.resolve("model"));
        tower = copy(ModelFolders.TOWER, temp.resolve("tower"));
        images = copy(ModelFolders.IMAGES, temp.resolve("images"));
        data = Files.copy(Golden.path("f_e2e/finetune.json"), temp.resolve("data.json"));
        template = Files.writeString(temp.resolve("template.json"), """
                {"name": "own", "system": "Be brief.", "prompt": {"afterSystem": " ", "beforeQuestion": "Q: ",
                "afterQuestion": " ", "answerCue": "A:", "beforeAnswer": " ", "answerEnd": "</s>", "afterAnswer": ""}}
                """);
        output = temp.resolve("out");
        checkpoints = temp.resolve("checkpoints");
        stage = Stages.with(Stages.named(Stages.FINETUNE), ShortStage.settings(1, 4, "learningRate=1e-3"));
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

    CheckpointPolicy policy(ResumeMode resume) {
        return new CheckpointPolicy(checkpoints, 2, 3, resume);
    }

    RunReport run(ResumeMode resume) {
        return run(policy(resume));
    }

    RunReport run(CheckpointPolicy policy) {
        return run(paths(), policy);
    }

    RunReport run(RunPaths paths, CheckpointPolicy policy) {
        notices.clear();
        last = 0;
        return StageRunner.run(stage, paths, options.withCheckpointPolicy(policy), this);
    }

    /** Stops after a step and writes its checkpoint. */
    void interrupt(int step) {
        interrupt(step, policy(ResumeMode.AUTO));
    }

    void interrupt(int step, CheckpointPolicy policy) {
        stopAfter = step;
        if (run(policy).stopped() == null) {
            throw new AssertionError("the run was not stopped");
        }
        stopAfter = 0;
    }

    @Override
    public void memoryPlanned(MemoryPlan plan, MachineMemory machine) {
        beforeLoad.run();
    }

    @Override
    public void stepDone(Progress progress) {
        last = progress.step().step();
        if (last == 1) {
            afterFirstStep.run();
        }
    }

    @Override
    public boolean shouldStop() {
        return stopAfter > 0 && last == stopAfter;
    }

    @Override
    public void notice(String line) {
        notices.add(line);
    }
}
