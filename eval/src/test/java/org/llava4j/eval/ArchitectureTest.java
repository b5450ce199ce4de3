package org.llava4j.eval;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Packages have no cyclic dependencies, in this module and in the modules that it depends on. */
@AnalyzeClasses(packages = "org.llava4j", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    /** Each package is a slice, the root packages too. */
    @ArchTest
    static final ArchRule packagesAreFreeOfCycles =
            slices().matching("org.llava4j.(**)").should().beFreeOfCycles();
}
