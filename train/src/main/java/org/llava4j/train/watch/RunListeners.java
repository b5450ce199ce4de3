package org.llava4j.train.watch;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.train.plan.MachineMemory;
import org.llava4j.train.plan.MemoryPlan;

/** Several listeners as one. */
record RunListeners(List<RunListener> all) implements RunListener {

    @Override
    public void planned(MemoryPlan plan, MachineMemory machine) {
        all.forEach(listener -> listener.planned(plan, machine));
    }

    @Override
    public void begun(RunStart start) {
        all.forEach(listener -> listener.begun(start));
    }

    @Override
    public void stepBegins(int epoch, int step) {
        all.forEach(listener -> listener.stepBegins(epoch, step));
    }

    @Override
    public void step(Progress progress) {
        all.forEach(listener -> listener.step(progress));
    }

    @Override
    public void notice(String line) {
        all.forEach(listener -> listener.notice(line));
    }

    @Override
    public void badStep(int step, String reason, List<String> samples) {
        all.forEach(listener -> listener.badStep(step, reason, samples));
    }

    @Override
    public void validated(int step, Look look) {
        all.forEach(listener -> listener.validated(step, look));
    }

    @Override
    public void saved(Path checkpoint) {
        all.forEach(listener -> listener.saved(checkpoint));
    }

    @Override
    public boolean stops() {
        return all.stream().anyMatch(RunListener::stops);
    }

    @Override
    public void end() {
        all.forEach(RunListener::end);
    }

    @Override
    public void result(RunResult result) {
        all.forEach(listener -> listener.result(result));
    }
}
