program main
  use lat
  implicit none
  print '(a)', lat_version_string()
end program main
