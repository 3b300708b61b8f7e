# Homebrew: a formula, because what a cask downloads is quarantined by macOS, and these programs have no Apple signature.
class CgpCred < Formula
  desc "Credentials for APIs behind NHS England's API Management"
  homepage "@HOME@"
  version "@VERSION@"
  license "MIT"

  on_macos do
    on_arm do
      url "@URL@/cgp-cred_@VERSION@_darwin_arm64.tar.gz"
      sha256 "@SUM:darwin_arm64.tar.gz@"
    end
    on_intel do
      url "@URL@/cgp-cred_@VERSION@_darwin_amd64.tar.gz"
      sha256 "@SUM:darwin_amd64.tar.gz@"
    end
  end
  on_linux do
    on_arm do
      url "@URL@/cgp-cred_@VERSION@_linux_arm64.tar.gz"
      sha256 "@SUM:linux_arm64.tar.gz@"
    end
    on_intel do
      url "@URL@/cgp-cred_@VERSION@_linux_amd64.tar.gz"
      sha256 "@SUM:linux_amd64.tar.gz@"
    end
  end

  def install
    bin.install "cgp-cred", "cgp-cred-fleet"
    bin.install_symlink "cgp-cred" => "git-credential-cgp"
    bin.install_symlink "cgp-cred" => "get_nhs_oauth_token"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/cgp-cred.bash" => "cgp-cred"
    zsh_completion.install "completions/_cgp-cred"
    fish_completion.install "completions/cgp-cred.fish"
    pkgshare.install "contrib"
    doc.install Dir["*.md"], "docs"
  end

  test do
    assert_match "cgp-cred #{version} ", shell_output("#{bin}/cgp-cred version")
    assert_match "Usage:", shell_output("#{bin}/git-credential-cgp --help")
  end
end
