package org.llava4j.train.logging;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.train.plan.MachineMemory;
import org.llava4j.train.plan.MemoryPlan;

/** Composite of several listeners. */
record CompositeTrainingListener(List<TrainingListener> all) implements TrainingListener {

    @Override
    public void memoryPlanned(MemoryPlan plan, MachineMemory machine) {
        all.forEach(listener -> listener.memoryPlanned(plan, machine));
    }

    @Override
    public void trainingStarted(RunStart start) {
        all.forEach(listener -> listener.trainingStarted(start));
    }

    @Override
    public void stepStarted(int epoch, int step) {
        all.forEach(listener -> listener.stepStarted(epoch, step));
    }

    @Override
    public void stepDone(Progress progress) {
        all.forEach(listener -> listener.stepDone(progress));
    }

    @Override
    public void notice(String line) {
        all.forEach(listener -> listener.notice(line));
    }

    @Override
    public void stepRejected(int step, String reason, List<String> samples) {
        all.forEach(listener -> listener.stepRejected(step, reason, samples));
    }

    @Override
    public void validated(int step, ValidationResult result) {
        all.forEach(listener -> listener.validated(step, result));
    }

    @Override
    public void checkpointSaved(Path checkpoint) {
        all.forEach(listener -> listener.checkpointSaved(checkpoint));
    }

    @Override
    public boolean shouldStop() {
        return all.stream().anyMatch(TrainingListener::shouldStop);
    }

    @Override
    public void trainingEnded() {
        all.forEach(TrainingListener::trainingEnded);
    }

    @Override
    public void runEnded(RunResult result) {
        all.forEach(listener -> listener.runEnded(result));
    }
}
